package dev.troupe.model.mesh.placement;

import dev.troupe.model.mesh.Mesh;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the seats of ranks in which a step takes the least time, by volumes and links ({@link StepCosts}): the best of
 * some orders ({@link SeatOrders}), made better by exchanging ranks as long as that helps. All nodes have as many ranks
 * as others, or one more or less. The same nodes, in any order, give the same seats.
 */
public final class PlacementPlanner {
    /** Meshes beyond this take the best order as it is: exchanging takes time with the cube of the ranks. */
    private static final int MAX_EXCHANGED_RANKS = 64;

    private static final int MAX_ROUNDS = 10;
    private static final double MILLIS = 1e3;

    private final Mesh mesh;
    private final RankLoad load;
    private final LinkSpeeds speeds;

    public PlacementPlanner(Mesh mesh, RankLoad load, LinkSpeeds speeds) {
        this.mesh = mesh;
        this.load = load;
        this.speeds = speeds;
    }

    /** Seats all ranks. */
    public Placement fresh(List<NodePlace> nodes) {
        List<NodePlace> sorted = sorted(nodes);
        StepCosts costs = new StepCosts(mesh, load, speeds, sorted);
        SeatOrders orders = new SeatOrders(mesh, sorted);
        int[] best = orders.plain();
        for (int[] seats : orders.all()) {
            best = costs.of(seats).isBelow(costs.of(best)) ? seats : best;
        }
        exchange(best, IntStream.range(0, best.length).toArray(), sorted.size(), costs);
        StepCost plain = costs.of(orders.plain());
        String gain = costs.of(best).isBelow(plain)
                ? String.format(Locale.ROOT, ", %.2f in order of names", plain.linkSeconds() * MILLIS)
                : "";
        return placement(best, sorted, costs, gain);
    }

    /**
     * Seats again those whose node is gone, or has more ranks than any would have to, on the nodes with the fewest. The
     * others stay where they are, and so do their states in memory.
     *
     * @param nodes that there are
     * @param before [ranks] names of the nodes that had them
     */
    public Placement again(List<NodePlace> nodes, List<String> before) {
        List<NodePlace> sorted = sorted(nodes);
        StepCosts costs = new StepCosts(mesh, load, speeds, sorted);
        List<String> names = sorted.stream().map(NodePlace::node).toList();
        int[] seats = before.stream().mapToInt(names::indexOf).toArray(); // NONE for those that are gone
        giveUpSurplus(seats, sorted.size());
        int[] lost = IntStream.range(0, seats.length)
                .filter(rank -> seats[rank] == StepCosts.NONE)
                .toArray();
        for (int rank : lost) {
            seats[rank] = bestOfEmptiest(rank, seats, sorted.size(), costs);
        }
        exchange(seats, lost, sorted.size(), costs);
        return placement(seats, sorted, costs, "");
    }

    private static List<NodePlace> sorted(List<NodePlace> nodes) {
        if (nodes.isEmpty()) {
            throw new IllegalArgumentException("no node is there");
        }
        return nodes.stream().sorted(Comparator.comparing(NodePlace::node)).toList();
    }

    private static void giveUpSurplus(int[] seats, int numNodes) {
        int most = Math.ceilDiv(seats.length, numNodes);
        int[] ranks = new int[numNodes];
        for (int rank = 0; rank < seats.length; rank++) {
            if (seats[rank] != StepCosts.NONE && ++ranks[seats[rank]] > most) {
                seats[rank] = StepCosts.NONE;
            }
        }
    }

    private static int bestOfEmptiest(int rank, int[] seats, int numNodes, StepCosts costs) {
        int[] ranks = ranksOf(seats, numNodes);
        int fewest = Arrays.stream(ranks).min().orElseThrow();
        int best = StepCosts.NONE;
        @Nullable StepCost bestCost = null;
        for (int node = 0; node < numNodes; node++) {
            if (ranks[node] == fewest) {
                seats[rank] = node;
                StepCost cost = costs.of(seats);
                if (bestCost == null || cost.isBelow(bestCost)) {
                    best = node;
                    bestCost = cost;
                }
            }
        }
        return best;
    }

    private static int[] ranksOf(int[] seats, int numNodes) {
        int[] ranks = new int[numNodes];
        for (int seat : seats) {
            if (seat != StepCosts.NONE) {
                ranks[seat]++;
            }
        }
        return ranks;
    }

    /** Changes the seats of those that may move, two at a time or one to a node with room, as long as it helps. */
    private void exchange(int[] seats, int[] mayMove, int numNodes, StepCosts costs) {
        if (mesh.ranks() > MAX_EXCHANGED_RANKS) {
            return;
        }
        StepCost best = costs.of(seats);
        for (int round = 0; round < MAX_ROUNDS; round++) {
            StepCost before = best;
            for (int one = 0; one < mayMove.length; one++) {
                for (int other = one + 1; other < mayMove.length; other++) {
                    best = swapIfBetter(seats, mayMove[one], mayMove[other], costs, best);
                }
                best = moveIfBetter(seats, mayMove[one], numNodes, costs, best);
            }
            if (!best.isBelow(before)) {
                return;
            }
        }
    }

    private static StepCost swapIfBetter(int[] seats, int one, int other, StepCosts costs, StepCost best) {
        int seat = seats[one];
        if (seat == seats[other]) {
            return best;
        }
        seats[one] = seats[other];
        seats[other] = seat;
        StepCost cost = costs.of(seats);
        if (cost.isBelow(best)) {
            return cost;
        }
        seats[other] = seats[one];
        seats[one] = seat;
        return best;
    }

    private static StepCost moveIfBetter(int[] seats, int rank, int numNodes, StepCosts costs, StepCost best) {
        int[] ranks = ranksOf(seats, numNodes);
        StepCost least = best;
        for (int node = 0; node < numNodes; node++) {
            int from = seats[rank];
            if (ranks[node] != ranks[from] - 1) {
                continue; // nodes have as many ranks as before
            }
            seats[rank] = node;
            StepCost cost = costs.of(seats);
            if (cost.isBelow(least)) {
                least = cost;
                ranks[from]--;
                ranks[node]++;
            } else {
                seats[rank] = from;
            }
        }
        return least;
    }

    private static Placement placement(int[] seats, List<NodePlace> nodes, StepCosts costs, String more) {
        return new Placement(
                Arrays.stream(seats).mapToObj(seat -> nodes.get(seat).node()).toList(),
                String.format(
                        Locale.ROOT,
                        "%s; by the planner links take %.2f ms a step%s",
                        costs.describe(seats),
                        costs.of(seats).linkSeconds() * MILLIS,
                        more));
    }
}
