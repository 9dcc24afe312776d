package dev.troupe.model.mesh.placement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.Mesh.Position;
import dev.troupe.model.plan.StepBytes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlacementPlannerTest {
    private static final LinkSpeeds SPEEDS = new LinkSpeeds(5e9, 2e9, 1e9, 1e8);
    /** Tensor groups talk the most, then replicas, then stages; nothing is computed, so that links alone decide. */
    private static final RankLoad TALK = new RankLoad(new StepBytes(100e6, 20e6, 5e6), 0, 1);

    /** So much more than the others that no machine's links are better used by them. */
    private static final RankLoad TENSOR = new RankLoad(new StepBytes(100e6, 5e6, 5e6), 0, 1);

    private static final int CASES = 200;

    @Test
    void isNeverWorseThanTheOrderOfNamesAndBalancesNodes() {
        for (long seed = 0; seed < CASES; seed++) {
            Random random = new Random(seed);
            Mesh mesh = new Mesh(1 + random.nextInt(4), 1 << random.nextInt(3), 1 + random.nextInt(3));
            RankLoad load = new RankLoad(
                    new StepBytes(random.nextDouble() * 1e8, random.nextDouble() * 1e8, random.nextDouble() * 1e8),
                    random.nextDouble() * 1e12,
                    random.nextInt(3));
            List<NodePlace> nodes = nodes(random, 1 + random.nextInt(12));
            List<String> seats =
                    new PlacementPlanner(mesh, load, SPEEDS).fresh(nodes).nodes();

            StepCosts costs = new StepCosts(mesh, load, SPEEDS, nodes);
            int[] plain = new SeatOrders(mesh, nodes).plain();
            assertThat(costs.of(plain).isBelow(costs.of(indexes(seats, nodes))))
                    .as("worse than in order, seed %d", seed)
                    .isFalse();
            Map<String, Long> ranks =
                    seats.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
            assertThat(ranks).as("nodes in use, seed %d", seed).hasSize(Math.min(nodes.size(), mesh.ranks()));
            assertThat(Collections.max(ranks.values()) - Collections.min(ranks.values()))
                    .as("balance, seed %d", seed)
                    .isLessThanOrEqualTo(1);

            Collections.shuffle(nodes, random);
            assertThat(new PlacementPlanner(mesh, load, SPEEDS).fresh(nodes).nodes())
                    .as("the order in which nodes come, seed %d", seed)
                    .isEqualTo(seats);
        }
    }

    @Test
    void tensorGroupsStayOnAMachineWhereTheyFit() {
        for (long seed = 0; seed < CASES; seed++) {
            Random random = new Random(seed);
            int tensor = 2 + random.nextInt(3);
            int groups = 1 + random.nextInt(4);
            Mesh mesh = random.nextBoolean() ? new Mesh(groups, tensor, 1) : new Mesh(1, tensor, groups);
            List<NodePlace> nodes = new ArrayList<>();
            int room = 0;
            for (int host = 0; room < groups || random.nextInt(3) > 0; host++) {
                int here = 1 + random.nextInt(2 * tensor);
                room += here / tensor;
                for (int i = 0; i < here; i++) {
                    nodes.add(node(
                            "n" + random.nextInt(1_000_000) + "-" + nodes.size(),
                            "h" + host,
                            "")); // one zone: none is worth splitting a group for
                }
            }
            List<String> seats =
                    new PlacementPlanner(mesh, TENSOR, SPEEDS).fresh(nodes).nodes();
            for (int group = 0; group < groups; group++) {
                Position first = mesh.position(group * tensor);
                assertThat(hosts(mesh.tensorGroup(first), seats, nodes))
                        .as("machines of group %d of %s, seed %d", group, mesh, seed)
                        .hasSize(1);
            }
        }
    }

    @Test
    void findsTheBestSeatsOfSmallMeshes() {
        for (long seed = 0; seed < CASES; seed++) {
            Random random = new Random(seed);
            Mesh mesh = random.nextBoolean() ? new Mesh(2, 2, 1) : new Mesh(1, 2, 3);
            List<NodePlace> nodes = nodes(random, mesh.ranks());
            StepCosts costs = new StepCosts(mesh, TALK, SPEEDS, nodes);
            StepCost best = bestOfAll(new int[mesh.ranks()], 0, new HashSet<>(), costs);
            List<String> seats =
                    new PlacementPlanner(mesh, TALK, SPEEDS).fresh(nodes).nodes();
            assertThat(costs.of(indexes(seats, nodes)).linkSeconds())
                    .as("%s, seed %d", mesh, seed)
                    .isLessThanOrEqualTo(1.0001 * best.linkSeconds());
        }
    }

    private static StepCost bestOfAll(int[] seats, int rank, Set<Integer> taken, StepCosts costs) {
        if (rank == seats.length) {
            return costs.of(seats);
        }
        StepCost best = new StepCost(0, Double.MAX_VALUE, Double.MAX_VALUE);
        for (int node = 0; node < seats.length; node++) {
            if (taken.add(node)) {
                seats[rank] = node;
                StepCost cost = bestOfAll(seats, rank + 1, taken, costs);
                best = cost.isBelow(best) ? cost : best;
                taken.remove(node);
            }
        }
        return best;
    }

    @Test
    void whoStaysKeepsItsSeatAndTheLostGoToTheNearestOfTheEmptiest() {
        for (long seed = 0; seed < CASES; seed++) {
            Random random = new Random(seed);
            Mesh mesh = new Mesh(1 + random.nextInt(3), 1 + random.nextInt(3), 1 + random.nextInt(3));
            List<NodePlace> nodes = nodes(random, 2 + random.nextInt(8));
            PlacementPlanner planner = new PlacementPlanner(mesh, TALK, SPEEDS);
            List<String> before = planner.fresh(nodes).nodes();
            List<NodePlace> left = nodes.subList(1 + random.nextInt(nodes.size() - 1), nodes.size());
            List<String> names = left.stream().map(NodePlace::node).toList();
            List<String> after = planner.again(left, before).nodes();
            assertThat(names).as("seed %d", seed).containsAll(after);
            for (int rank = 0; rank < mesh.ranks(); rank++) {
                if (names.contains(before.get(rank))) {
                    assertThat(after.get(rank))
                            .as("rank %d, seed %d", rank, seed)
                            .isEqualTo(before.get(rank));
                }
            }
        }
        // Two machines; one of each is lost, and the spare nodes take the rank of their own machine.
        List<NodePlace> nodes = List.of(node("a", "h", ""), node("b", "h", ""), node("c", "i", ""), node("d", "i", ""));
        List<NodePlace> left = List.of(node("a", "h", ""), node("c", "i", ""), node("p", "i", ""), node("q", "h", ""));
        PlacementPlanner planner = new PlacementPlanner(new Mesh(2, 2, 1), TALK, SPEEDS);
        assertThat(planner.fresh(nodes).nodes()).containsExactly("a", "b", "c", "d");
        assertThat(planner.again(left, List.of("a", "b", "c", "d")).nodes()).containsExactly("a", "q", "c", "p");
    }

    @ParameterizedTest
    @CsvSource({"0, a c", "1, a b"})
    void ranksSpreadOverMachinesWhereTheyWouldShareProcessors(int threads, String expected) {
        List<NodePlace> nodes = List.of(node("a", "h", ""), node("b", "h", ""), node("c", "i", ""));
        RankLoad load = new RankLoad(new StepBytes(0, 1e6, 0), 1e12, threads);
        assertThat(new PlacementPlanner(new Mesh(2, 1, 1), load, SPEEDS)
                        .fresh(nodes)
                        .nodes())
                .containsExactly(expected.split(" "));
    }

    @Test
    void saysWhy() {
        List<NodePlace> nodes =
                List.of(node("a", "h", "y"), node("b", "i", "z"), node("c", "h", "y"), node("d", "i", "z"));
        Placement placement = new PlacementPlanner(new Mesh(2, 2, 1), TALK, SPEEDS).fresh(nodes);
        assertThat(placement.nodes()).containsExactly("a", "c", "b", "d");
        assertThat(placement.why())
                .isEqualTo("tensor on one machine, data across zones; 80.0 MB a step between zones;"
                        + " by the planner links take 450.00 ms a step, 2010.00 in order of names");
    }

    private static NodePlace node(String name, String host, String zone) {
        return new NodePlace(name, host, zone, 4);
    }

    /** On up to four machines, in up to two zones. */
    private static List<NodePlace> nodes(Random random, int count) {
        List<NodePlace> nodes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int host = random.nextInt(4);
            nodes.add(node("n%03d".formatted(i), "h" + host, "z" + host % 2));
        }
        return nodes;
    }

    private static int[] indexes(List<String> seats, List<NodePlace> nodes) {
        List<String> names = nodes.stream().map(NodePlace::node).toList();
        return seats.stream().mapToInt(names::indexOf).toArray();
    }

    private static Set<String> hosts(List<Integer> ranks, List<String> seats, List<NodePlace> nodes) {
        Map<String, String> hosts = nodes.stream().collect(Collectors.toMap(NodePlace::node, NodePlace::host));
        return ranks.stream().map(rank -> hosts.get(seats.get(rank))).collect(Collectors.toSet());
    }
}
