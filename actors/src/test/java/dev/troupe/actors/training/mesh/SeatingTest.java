package dev.troupe.actors.training.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.training.mesh.TrainerProtocol.HeldCopy;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.ZeroStage;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
        SeatPlanner planner = planner("data = 2, tensor = 2");
        assertThat(planner.fresh(reports(A, B)).seats()).containsExactly(A, A, B, B);
        assertThat(planner.fresh(reports(B, A)).seats()).containsExactly(A, A, B, B);
        assertThat(planner.fresh(reports(A, B, C)).seats()).containsExactly(A, A, B, C);
        assertThat(planner.fresh(reports(A)).seats()).containsExactly(A, A, A, A);
        assertThat(planner.why()).startsWith("tensor inside a process, data inside a process");
    }

    @Test
    void nodesOfAZoneShareATensorGroup() {
        List<Reported> nodes = List.of(
                report(A, "x"),
                report(onHost("10.0.0.2", B), "y"),
                report(onHost("10.0.0.3", C), "x"),
                report(onHost("10.0.0.4", new Endpoint("", 4, "d")), "y"));
        SeatPlanner planner = planner("data = 2, tensor = 2");
        List<Endpoint> seats = planner.fresh(nodes).seats();
        assertThat(seats.subList(0, 2)).extracting(Endpoint::nodeId).containsExactlyInAnyOrder("a", "c");
        assertThat(planner.why()).startsWith("tensor across machines, data across zones");
    }

    private static Endpoint onHost(String host, Endpoint node) {
        return new Endpoint(host, node.port(), node.nodeId());
    }

    @Test
    void whoIsLostMovesToTheEmptiestNodeAndTheOthersStay() {
        SeatPlanner planner = planner("data = 2, tensor = 2");
        Seating four = planner.fresh(reports(A, B));
        assertThat(planner.again(four, reports(B)).seats()).containsExactly(B, B, B, B);
        assertThat(planner.again(four, reports(B, C)).seats()).containsExactly(C, C, B, B);
        assertThat(planner.again(four, reports(A, B, C)).seats()).isEqualTo(four.seats());
        assertThat(four.keeperOf(0)).isEqualTo(B);
        assertThat(four.keeperOf(3)).isEqualTo(A);
        assertThat(new Seating(List.of(A, A)).keeperOf(1)).isEqualTo(A);
    }

    @Test
    void nodesThatComeTakeRanksFromThoseWithMore() {
        SeatPlanner planner = planner("data = 2, tensor = 2");
        Seating one = planner.fresh(reports(A));
        assertThat(SeatPlanner.isUneven(one, 1)).isFalse();
        assertThat(SeatPlanner.isUneven(one, 2)).isTrue();
        assertThat(planner.again(one, reports(A, B)).seats()).containsExactly(A, A, B, B);
        assertThat(SeatPlanner.isUneven(planner.again(one, reports(A, B, C)), 3))
                .isFalse();
    }

    @Test
    void replicasAreAsManyAsFit() {
        SeatPlanner planner = planner("data = 4");
        long rank = (long) planner("data = 1").bytesOfRank(); // more than one of several: no replica has its copies
        Mesh full = new Mesh(4, 1, 1);
        List<Reported> three = List.of(
                report(A, new NodeTraits("", "", 4, rank + 1, false)),
                report(B, new NodeTraits("", "", 4, rank + 1, false)),
                report(C, new NodeTraits("", "", 4, rank - 1, false)));
        assertThat(planner.fits(planner.fresh(three), three)).isFalse();
        assertThat(planner.largest(full, three.subList(0, 2))).contains(new Mesh(2, 1, 1));
        assertThat(planner.largest(full, three.subList(0, 1))).contains(new Mesh(1, 1, 1));
        assertThat(planner.largest(full, three.subList(2, 3))).isEmpty();
        // What a machine has is for all nodes on it.
        List<Reported> sharing = List.of(
                report(A, new NodeTraits("", "", 4, 3 * rank, true)),
                report(B, new NodeTraits("", "", 4, 3 * rank, true)));
        assertThat(planner.largest(full, sharing)).contains(new Mesh(2, 1, 1));
    }

    @Test
    void aNodeThatComesBackUnderItsNameIsAnotherOne() {
        SeatPlanner planner = planner("data = 2");
        Seating two = planner.fresh(reports(A, B));
        Endpoint again = new Endpoint("127.0.0.1", 9, "a");
        assertThat(planner.again(two, reports(again, B)).seats()).containsExactly(again, B);
    }

    @Test
    void nodesOfOneIdentityAreToldApartByTheirNames() {
        NodeTraits machine = new NodeTraits("machine", "", 4, 1L << 40, true);
        NodeTraits other = new NodeTraits("other", "", 4, 1L << 40, true);
        assertThat(NodeIdentities.of(List.of(report(A, machine), report(B, other), report(C, ""))))
                .isEqualTo(Map.of("a", "machine", "b", "other", "c", "c"));
        assertThat(NodeIdentities.of(List.of(report(A, machine), report(B, machine), report(C, other))))
                .isEqualTo(Map.of("a", "a", "b", "b", "c", "other"));
        Seating seating = planner("data = 2").fresh(List.of(report(A, machine), report(B, "")));
        assertThat(seating.identityOf("a")).isEqualTo("machine");
        assertThat(seating.identityOf("b")).isEqualTo("b");
        assertThat(new Seating(List.of(A)).identityOf("a")).isEqualTo("a");
    }

    private static SeatPlanner planner(String mesh) {
        return new SeatPlanner(new MeshJob(
                "run",
                0,
                TrainingConfig.from(ConfigFactory.parseString(
                                "mesh { " + mesh + " }, train { accumulation = 4, threads = 1 }"))
                        .values(),
                65,
                new RunCorpus("/train", "1a"),
                new RunCorpus("/heldOut", "2b")));
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
        return report(node, "", copies);
    }

    private static List<Reported> reports(Endpoint... nodes) {
        return Stream.of(nodes).map(node -> report(node, "")).toList();
    }

    private static Reported report(Endpoint node, String zone, HeldCopy... copies) {
        return report(node, new NodeTraits("", zone, 4, 1L << 40, true), copies);
    }

    private static Reported report(Endpoint node, NodeTraits traits, HeldCopy... copies) {
        ActorRef<TrainerProtocol.Command> nobody =
                KIT.<TrainerProtocol.Command>createTestProbe().getRef();
        return new Reported(node, traits, "run", 0, 1, List.of(copies), null, nobody);
    }
}
