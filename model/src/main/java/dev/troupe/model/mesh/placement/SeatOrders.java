package dev.troupe.model.mesh.placement;

import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.Mesh.Position;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Ways to seat ranks that are worth a look: in orders in which members of one axis, then of another, are neighbours, on
 * nodes of the same machine as far as whole groups find room there. Every node has as many ranks as any other, or one
 * more or less; where there are more nodes than ranks, some have one and the others none.
 */
final class SeatOrders {
    private final Mesh mesh;
    private final List<NodePlace> nodes;

    SeatOrders(Mesh mesh, List<NodePlace> nodes) {
        this.mesh = mesh;
        this.nodes = List.copyOf(nodes);
    }

    /**
     * Ranks in order on nodes in order, the first of which get more where ranks do not divide: what names alone say.
     */
    int[] plain() {
        return inOrder(IntStream.range(0, nodes.size()).boxed().toList());
    }

    private int[] inOrder(List<Integer> order) {
        int ranks = mesh.ranks();
        int used = Math.min(order.size(), ranks);
        return IntStream.range(0, ranks)
                .map(rank -> order.get((int) ((long) rank * used / ranks)))
                .toArray();
    }

    /** All of them, the plain one first; each is [ranks] a node. */
    List<int[]> all() {
        List<int[]> seats = new ArrayList<>();
        seats.add(plain());
        for (List<Integer> order : nodeOrders()) {
            seats.add(inOrder(order));
            for (List<Integer> ranks : rankOrders()) {
                seats.add(inGroups(ranks, order));
            }
        }
        return seats;
    }

    /**
     * Machine by machine, by zone and name; the largest machines first; and one node of each machine after the other.
     */
    private List<List<Integer>> nodeOrders() {
        Map<String, List<Integer>> ofHosts = new LinkedHashMap<>();
        List<Integer> byPlace = IntStream.range(0, nodes.size())
                .boxed()
                .sorted(Comparator.comparing((Integer node) -> nodes.get(node).zone())
                        .thenComparing(node -> nodes.get(node).host())
                        .thenComparing(node -> nodes.get(node).node()))
                .toList();
        byPlace.forEach(node -> ofHosts.computeIfAbsent(nodes.get(node).host(), _ -> new ArrayList<>())
                .add(node));
        List<List<Integer>> hosts = new ArrayList<>(ofHosts.values());
        hosts.sort(Comparator.comparingInt((List<Integer> host) -> -host.size())); // stable
        List<Integer> bySize = hosts.stream().flatMap(List::stream).toList();
        List<Integer> inTurn = new ArrayList<>();
        for (int turn = 0; inTurn.size() < nodes.size(); turn++) {
            for (List<Integer> host : ofHosts.values()) {
                if (turn < host.size()) {
                    inTurn.add(host.get(turn));
                }
            }
        }
        return List.of(byPlace, bySize, inTurn);
    }

    /** Ranks with each of the axes fastest, and each of the others after it. */
    private List<List<Integer>> rankOrders() {
        Comparator<Position> tensor = Comparator.comparingInt(Position::tensor);
        Comparator<Position> data = Comparator.comparingInt(Position::data);
        Comparator<Position> pipeline = Comparator.comparingInt(Position::pipeline);
        return List.of(
                order(pipeline.thenComparing(data).thenComparing(tensor)),
                order(data.thenComparing(pipeline).thenComparing(tensor)),
                order(pipeline.thenComparing(tensor).thenComparing(data)),
                order(tensor.thenComparing(pipeline).thenComparing(data)),
                order(data.thenComparing(tensor).thenComparing(pipeline)),
                order(tensor.thenComparing(data).thenComparing(pipeline)));
    }

    private List<Integer> order(Comparator<Position> by) {
        return IntStream.range(0, mesh.ranks())
                .boxed()
                .sorted(Comparator.comparing(mesh::position, by))
                .toList();
    }

    /**
     * Seats whole groups of neighbours first, each on the first machine that has room for all of it, then the others.
     *
     * @param ranks the members of a group, of the fastest axis of this order, are neighbours in it
     */
    private int[] inGroups(List<Integer> ranks, List<Integer> order) {
        int[] free = room(order);
        int[] seats = new int[mesh.ranks()];
        Arrays.fill(seats, StepCosts.NONE);
        int size = groupSize(ranks);
        for (int first = 0; first < ranks.size(); first += size) {
            List<Integer> group = ranks.subList(first, first + size);
            order.stream()
                    .map(node -> nodes.get(node).host())
                    .distinct()
                    .map(host -> order.stream()
                            .filter(node -> nodes.get(node).host().equals(host))
                            .toList())
                    .filter(host -> host.stream().mapToInt(node -> free[node]).sum() >= size)
                    .findFirst()
                    .ifPresent(host -> seat(group, host, free, seats));
        }
        seat(ranks.stream().filter(rank -> seats[rank] == StepCosts.NONE).toList(), order, free, seats);
        return seats;
    }

    private static void seat(List<Integer> ranks, List<Integer> on, int[] free, int[] seats) {
        int at = 0;
        for (int rank : ranks) {
            while (free[on.get(at)] == 0) {
                at++;
            }
            seats[rank] = on.get(at);
            free[on.get(at)]--;
        }
    }

    /** [nodes] how many ranks each takes. */
    private int[] room(List<Integer> order) {
        int[] room = new int[nodes.size()];
        if (room.length >= mesh.ranks()) {
            Arrays.fill(room, 1);
            return room;
        }
        for (int seat : inOrder(order)) {
            room[seat]++;
        }
        return room;
    }

    /** How many neighbours in an order differ in its fastest axis only. */
    private int groupSize(List<Integer> ranks) {
        if (ranks.size() == 1) {
            return 1;
        }
        Position one = mesh.position(ranks.get(0));
        Position next = mesh.position(ranks.get(1));
        if (one.tensor() != next.tensor()) {
            return mesh.tensor();
        }
        return one.data() != next.data() ? mesh.data() : mesh.pipeline();
    }
}
