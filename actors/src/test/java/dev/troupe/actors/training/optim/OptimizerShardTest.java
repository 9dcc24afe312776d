package dev.troupe.actors.training.optim;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.LoggingTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.model.optim.ShardUpdate;
import dev.troupe.model.optim.UpdateOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class OptimizerShardTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "optimizer-shard-test",
            ConfigFactory.parseString("akka.actor.provider = local").withFallback(ConfigFactory.load()));
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final UpdateOrder ORDER = new UpdateOrder(1e-3, 1024, 0.5);

    private final TestProbe<OptimizerShard.Updated> answers = KIT.createTestProbe();

    @AfterAll
    static void end() {
        KIT.shutdownTestKit();
    }

    private static ActorRef<OptimizerShard.Command> shard(ShardUpdate update) {
        return KIT.spawn(OptimizerShard.create(update), OptimizerShard.dispatcher());
    }

    @Test
    void takesStepsInTheirOrder() {
        List<UpdateOrder> taken = new ArrayList<>();
        ActorRef<OptimizerShard.Command> shard = shard(order -> {
            taken.add(order);
            return taken.size();
        });
        UpdateOrder second = new UpdateOrder(2e-3, 1, 0.25);

        shard.tell(new OptimizerShard.Update(ORDER, answers.getRef()));
        shard.tell(new OptimizerShard.Update(second, answers.getRef()));

        assertThat(answers.receiveMessage(PATIENCE).steps()).isEqualTo(1);
        assertThat(answers.receiveMessage(PATIENCE).steps()).isEqualTo(2);
        assertThat(taken).containsExactly(ORDER, second);
        shard.tell(new OptimizerShard.End());
        answers.expectTerminated(shard, PATIENCE);
    }

    /** As many as there are ranks on a node, more than the threads of any other dispatcher. */
    @Test
    void eachHasAThreadOfItsOwn() {
        int shards = 12;
        CyclicBarrier all = new CyclicBarrier(shards);
        for (int i = 0; i < shards; i++) {
            shard(_ -> {
                        try {
                            return all.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                        } catch (Exception e) {
                            throw new IllegalStateException(e);
                        }
                    })
                    .tell(new OptimizerShard.Update(ORDER, answers.getRef()));
        }
        assertThat(answers.receiveSeveralMessages(shards, PATIENCE)).hasSize(shards);
    }

    @Test
    void failsWithAnUpdateThatFails() {
        ActorRef<OptimizerShard.Command> shard = shard(_ -> {
            throw new IllegalArgumentException("moments of another range");
        });
        LoggingTestKit.error(
                        "updating the weights failed: java.lang.IllegalArgumentException: moments of another range")
                .expect(KIT.system(), () -> {
                    shard.tell(new OptimizerShard.Update(ORDER, answers.getRef()));
                    answers.expectTerminated(shard, PATIENCE);
                    return 0;
                });
        answers.expectNoMessage(Duration.ofMillis(50));
    }
}
