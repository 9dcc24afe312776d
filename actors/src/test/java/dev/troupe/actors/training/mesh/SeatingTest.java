package dev.troupe.actors.training.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.mesh.TrainerProtocol.HeldCopy;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.ZeroStage;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class SeatingTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final Endpoint A = new Endpoint("127.0.0.1", 1, "a");
    private static final Endpoint B = new Endpoint("127.0.0.1", 2, "b");
    private static final Endpoint C = new Endpoint("127.0.0.1", 3, "c");

    @AfterAll
    static void end() {
        KIT.shutdownTestKit();
    }

    @Test
    void neighboursShareANode() {
        assertThat(Seating.fresh(4, List.of(A, B)).seats()).containsExactly(A, A, B, B);
        assertThat(Seating.fresh(4, List.of(A, B, C)).seats()).containsExactly(A, A, B, C);
        assertThat(Seating.fresh(2, List.of(A, B, C)).seats()).containsExactly(A, B);
        assertThat(Seating.fresh(3, List.of(A)).seats()).containsExactly(A, A, A);
    }

    @Test
    void whoIsLostMovesToTheEmptiestNodeAndTheOthersStay() {
        Seating four = Seating.fresh(4, List.of(A, B));
        assertThat(four.without(List.of(B)).seats()).containsExactly(B, B, B, B);
        assertThat(four.without(List.of(B, C)).seats()).containsExactly(C, C, B, B);
        assertThat(four.without(List.of(A, B, C)).seats()).isEqualTo(four.seats());
        assertThat(four.keeperOf(0)).isEqualTo(B);
        assertThat(four.keeperOf(3)).isEqualTo(A);
        assertThat(Seating.fresh(2, List.of(A)).keeperOf(1)).isEqualTo(A);
    }

    @Test
    void theLatestStepThatEveryRankHasIsGoneBackTo() {
        Mesh mesh = new Mesh(1, 1, 2);
        Seating seating = new Seating(List.of(B, C));
        List<Reported> alive = List.of(
                report(B, new HeldCopy(0, 4), new HeldCopy(0, 5), new HeldCopy(1, 4)),
                report(C, new HeldCopy(1, 5), new HeldCopy(1, 6)));
        assertThat(RecoveryPlan.of(mesh, ZeroStage.NONE, seating, alive, 9))
                .contains(new RecoveryPlan(5, List.of(B, C)));
        assertThat(RecoveryPlan.of(mesh, ZeroStage.NONE, seating, alive, 4))
                .contains(new RecoveryPlan(4, List.of(B, B)));
        assertThat(RecoveryPlan.of(mesh, ZeroStage.NONE, seating, alive.subList(1, 2), 9))
                .isEmpty();
    }

    @Test
    void replicasShareAStateUnlessTheOptimizerIsSplit() {
        Mesh mesh = new Mesh(2, 2, 1);
        assertThat(shards(mesh, ZeroStage.NONE)).containsExactly(0, 1, 0, 1);
        assertThat(shards(mesh, ZeroStage.OPTIMIZER)).containsExactly(0, 1, 2, 3);
    }

    private static List<Integer> shards(Mesh mesh, ZeroStage zero) {
        return IntStream.range(0, mesh.ranks())
                .mapToObj(rank -> RecoveryPlan.shardOf(rank, mesh, zero))
                .toList();
    }

    private static Reported report(Endpoint node, HeldCopy... copies) {
        ActorRef<TrainerProtocol.Command> nobody =
                KIT.<TrainerProtocol.Command>createTestProbe().getRef();
        return new Reported(node, "run", 0, 1, List.of(copies), null, nobody);
    }
}
