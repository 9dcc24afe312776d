package dev.troupe.actors.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.SerializationTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.pattern.StatusReply;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelRegistryTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path root;

    @Test
    void modelsAndPromotionsSurviveARestartOnAnH2File() {
        ActorTestKit kit = start();
        ActorRef<ModelRegistry.Command> registry = kit.spawn(ModelRegistry.create());
        TestProbe<StatusReply<ModelVersion>> replies = kit.createTestProbe();
        registry.tell(new ModelRegistry.Latest("", replies.getRef()));
        assertThat(replies.receiveMessage(PATIENCE).getError()).hasMessageContaining("no model has been promoted");
        registry.tell(new ModelRegistry.Register(version("v1"), replies.getRef()));
        assertThat(replies.receiveMessage(PATIENCE).getValue()).isEqualTo(version("v1"));
        registry.tell(new ModelRegistry.Register(version("v2"), replies.getRef()));
        replies.receiveMessage(PATIENCE);
        registry.tell(new ModelRegistry.Register(version("v2"), replies.getRef()));
        assertThat(replies.receiveMessage(PATIENCE).isSuccess()).isTrue();
        registry.tell(new ModelRegistry.Promote("tiny", "v1", "test", replies.getRef()));
        assertThat(replies.receiveMessage(PATIENCE).getValue().version()).isEqualTo("v1");
        registry.tell(new ModelRegistry.Promote("tiny", "v3", "test", replies.getRef()));
        assertThat(replies.receiveMessage(PATIENCE).getError()).hasMessageContaining("tiny/v1, tiny/v2");
        kit.shutdownTestKit();

        ActorTestKit again = start();
        ActorRef<ModelRegistry.Command> recovered = again.spawn(ModelRegistry.create());
        TestProbe<StatusReply<ModelVersion>> latest = again.createTestProbe();
        recovered.tell(new ModelRegistry.Latest("tiny", latest.getRef()));
        assertThat(latest.receiveMessage(PATIENCE).getValue()).isEqualTo(version("v1"));
        TestProbe<RegistryState> all = again.createTestProbe();
        recovered.tell(new ModelRegistry.ListModels(all.getRef()));
        RegistryState state = all.receiveMessage(PATIENCE);
        assertThat(state.registrations()).hasSize(2); // registering v2 twice was one event
        assertThat(state.promotions()).hasSize(1);
        again.shutdownTestKit();
    }

    @Test
    void aPromotedVersionIsReplacedByTheNextAndOtherContentsAreRefused() {
        RegistryState state = RegistryState.EMPTY
                .with(new RegistryEvent.CheckpointRegistered(version("v1"), 1))
                .with(new RegistryEvent.CheckpointRegistered(version("v2"), 2))
                .with(new RegistryEvent.ModelPromoted("tiny", "v2", "better", 3))
                .with(new RegistryEvent.ModelPromoted("tiny", "v1", "roll back", 4));

        assertThat(state.latestPromoted("tiny")).contains(version("v1"));
        assertThat(state.latestPromoted("")).contains(version("v1"));
        assertThat(state.latestPromoted("other")).isEmpty();
    }

    @Test
    void everyMessageAndEventSurvivesTheWire() {
        ActorTestKit kit = start();
        SerializationTestKit wire = new SerializationTestKit(kit.system());
        ActorRef<StatusReply<ModelVersion>> replyTo =
                kit.<StatusReply<ModelVersion>>createTestProbe().getRef();
        for (Object message : List.of(
                new ModelRegistry.Register(version("v1"), replyTo),
                new ModelRegistry.Promote("tiny", "v1", "why", replyTo),
                new ModelRegistry.Latest("tiny", replyTo),
                new ModelRegistry.ListModels(
                        kit.<RegistryState>createTestProbe().getRef()),
                new RegistryEvent.CheckpointRegistered(version("v1"), 5),
                new RegistryEvent.ModelPromoted("tiny", "v1", "why", 6),
                RegistryState.EMPTY.with(new RegistryEvent.CheckpointRegistered(version("v1"), 5)))) {
            wire.verifySerialization(message, true);
        }
        kit.shutdownTestKit();
    }

    @Test
    void aDatabaseInUseIsSaidToBe() throws Exception {
        Config config = RegistryStorage.h2(root.resolve("registry"));
        RegistryStorage.prepare(config);
        String other = ProcessHandle.current().info().command().orElseThrow();
        Process holder = new ProcessBuilder(
                        other,
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockHolder.class.getName(),
                        config.getString("akka-persistence-jdbc.shared-databases.slick.db.url"))
                .redirectErrorStream(true)
                .start();
        try {
            assertThat(holder.inputReader().readLine()).isEqualTo("open");
            assertThatThrownBy(() -> RegistryStorage.prepare(config))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("in use by another process");
        } finally {
            holder.destroyForcibly().waitFor();
        }
        RegistryStorage.prepare(config); // after a kill -9 of the holder the file opens again
    }

    private ActorTestKit start() {
        Config config = RegistryStorage.h2(root.resolve("db/registry"))
                .withFallback(ConfigFactory.parseString("akka.coordinated-shutdown.exit-jvm = off"))
                .withFallback(ConfigFactory.load());
        RegistryStorage.prepare(config);
        return ActorTestKit.create("registry-test", config);
    }

    private static ModelVersion version(String version) {
        return new ModelVersion(
                "tiny",
                version,
                "/models/" + version,
                "plain",
                new Lineage("run", "/runs/run", 30, "aa", "wordnet", "bb", new Lineage.Score(100, 2.5, 12.2, 1.1)));
    }
}
