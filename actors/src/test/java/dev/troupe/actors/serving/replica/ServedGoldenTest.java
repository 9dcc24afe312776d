package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Begun;
import dev.troupe.actors.serving.GenerationEvent.TokenGenerated;
import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Describe;
import dev.troupe.actors.serving.ReplicaProtocol.Description;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.model.kernel.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Published models, served from a directory and from GGUF: the greedy tokens of two independent engines. */
class ServedGoldenTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    private static Optional<Path> sharedModels() {
        String set = System.getProperty("troupe.shared", System.getenv().getOrDefault("TROUPE_SHARED", ""));
        if (!set.isEmpty()) {
            return Optional.of(Path.of(set, "models"));
        }
        for (Path dir = Path.of("").toAbsolutePath(); dir != null; dir = dir.getParent()) {
            Path models = dir.resolve("shared/data/models");
            if (Files.isDirectory(models)) {
                return Optional.of(models);
            }
        }
        return Optional.empty();
    }

    private static List<Integer> integers(JsonNode array) {
        List<Integer> list = new ArrayList<>();
        array.forEach(item -> list.add(item.asInt()));
        return list;
    }

    @ParameterizedTest
    @CsvSource({
        "tinystories-656K, tinystories-656K",
        "stories260K, stories260K/stories260K-F32.gguf",
        "tinychat-3M, tinychat-3M/tinychat-3M-Q4_0.gguf"
    })
    void servesTheGoldenTokens(String name, String file) throws IOException {
        Optional<Path> models = sharedModels().filter(dir -> Files.exists(dir.resolve("golden.json")));
        Assumptions.assumeTrue(models.isPresent(), "ServedGoldenTest: ../shared/data/models/golden.json is missing");
        Path directory = models.orElseThrow().resolve(file);
        ReplicaSettings settings = new ReplicaSettings(
                "tinystories",
                "plain",
                new EngineSettings("auto", Precision.FP32, 2, 24, 8, 64 << 20),
                64,
                3,
                Duration.ofMillis(20),
                Duration.ofMillis(100));
        ActorRef<Command> replica = KIT.spawn(ModelReplica.create(settings, directory));
        TestProbe<Description> described = KIT.createTestProbe(Description.class);
        replica.tell(new Describe(described.getRef()));
        described.receiveMessage(PATIENCE);

        JsonNode golden = new JsonMapper()
                .readTree(models.orElseThrow().resolve("golden.json").toFile())
                .path(name)
                .path("golden");
        assertThat(golden.size()).isPositive();
        List<TestProbe<GenerationEvent>> clients = new ArrayList<>();
        for (JsonNode one : golden) { // all at once
            TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
            replica.tell(new Submit(
                    Requests.greedy(
                            "g" + clients.size(),
                            integers(one.path("prompt_ids")),
                            one.path("greedy_ids").size()),
                    client.getRef()));
            clients.add(client);
        }
        for (int i = 0; i < clients.size(); i++) {
            List<Integer> tokens = new ArrayList<>();
            assertThat(clients.get(i).receiveMessage(PATIENCE)).isInstanceOf(Begun.class);
            while (clients.get(i).receiveMessage(PATIENCE) instanceof TokenGenerated generated) {
                tokens.add(generated.token());
            }
            assertThat(tokens)
                    .as(golden.get(i).path("prompt").asText())
                    .isEqualTo(integers(golden.get(i).path("greedy_ids")));
        }
        KIT.stop(replica);
    }
}
