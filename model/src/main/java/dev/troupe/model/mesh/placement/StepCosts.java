package dev.troupe.model.mesh.placement;

import dev.troupe.model.mesh.Mesh;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Tells what a step takes with ranks in some seats. What leaves a process for its machine, and what leaves a machine,
 * shares the links of those; an axis takes as long as the busiest of them, and axes take turns.
 */
final class StepCosts {
    /** Seat of a rank that has none yet: what it sends and receives is not counted. */
    static final int NONE = -1;

    /** Operations a second of a processor in matrix products: a common server's, about half its float32 peak. */
    private static final double PROCESSOR_FLOPS = 40e9;

    private static final double MEGA = 1e6;

    private final RankLoad load;
    private final LinkSpeeds speeds;
    private final List<NodePlace> nodes;
    private final int[] hosts; // [nodes] number of the machine
    private final int[] processors; // [machines]
    private final List<AxisLinks> axes;

    StepCosts(Mesh mesh, RankLoad load, LinkSpeeds speeds, List<NodePlace> nodes) {
        this.load = load;
        this.speeds = speeds;
        this.nodes = List.copyOf(nodes);
        this.axes = AxisLinks.of(mesh, load.bytes());
        this.hosts = new int[nodes.size()];
        Map<String, Integer> numbers = new HashMap<>();
        for (int node = 0; node < hosts.length; node++) {
            hosts[node] = numbers.computeIfAbsent(nodes.get(node).host(), _ -> numbers.size());
        }
        this.processors = new int[numbers.size()];
        for (int node = 0; node < hosts.length; node++) {
            processors[hosts[node]] =
                    Math.max(processors[hosts[node]], nodes.get(node).processors());
        }
    }

    /** Of these seats, [ranks] a node each. */
    StepCost of(int[] seats) {
        double busiest = 0;
        double all = 0;
        for (AxisLinks axis : axes) {
            double[] ofNodes = new double[hosts.length]; // seconds of what stays on the machine
            double[] ofHosts = new double[processors.length]; // seconds of what leaves it
            for (int link = 0; link < axis.size(); link++) {
                int from = seats[axis.from(link)];
                int to = seats[axis.to(link)];
                if (from == NONE || to == NONE) {
                    continue;
                }
                LinkLevel level = level(from, to);
                double seconds = axis.bytes() / speeds.at(level);
                all += seconds;
                if (isInside(level)) {
                    ofNodes[from] += seconds;
                } else {
                    ofHosts[hosts[from]] += seconds;
                }
            }
            busiest += Math.max(largest(ofNodes), largest(ofHosts));
        }
        return new StepCost(computeSeconds(seats), busiest, all);
    }

    private LinkLevel level(int from, int to) {
        return nodes.get(from).to(nodes.get(to));
    }

    /** Whether it does not leave the machine. */
    private static boolean isInside(LinkLevel level) {
        return level.compareTo(LinkLevel.HOST) <= 0;
    }

    private static double largest(double[] values) {
        return Arrays.stream(values).max().orElse(0);
    }

    /** Threads beyond a machine's processors compute no more than those do. */
    private double computeSeconds(int[] seats) {
        int[] ofNodes = new int[hosts.length];
        int[] ofHosts = new int[processors.length];
        for (int seat : seats) {
            if (seat != NONE) {
                ofNodes[seat]++;
                ofHosts[hosts[seat]]++;
            }
        }
        double slowest = 0;
        for (int node = 0; node < hosts.length; node++) {
            if (ofNodes[node] > 0) {
                double share = (double) processors[hosts[node]] / ofHosts[hosts[node]];
                double threads = load.threads() == 0 ? share : Math.min(share, (double) load.threads() / ofNodes[node]);
                slowest = Math.max(slowest, load.flops() / (threads * PROCESSOR_FLOPS));
            }
        }
        return slowest;
    }

    /** In words: how far each axis reaches, and what goes over links between machines and zones in a step. */
    String describe(int[] seats) {
        if (axes.isEmpty()) {
            return "one rank";
        }
        Map<LinkLevel, Double> bytes = new EnumMap<>(LinkLevel.class);
        for (AxisLinks axis : axes) {
            for (int link = 0; link < axis.size(); link++) {
                bytes.merge(level(seats[axis.from(link)], seats[axis.to(link)]), axis.bytes(), Double::sum);
            }
        }
        String reach = axes.stream()
                .map(axis -> axis.name() + " " + farthest(axis, seats).words())
                .collect(Collectors.joining(", "));
        return reach
                + traffic(bytes.getOrDefault(LinkLevel.ZONE, 0.0), "machines of a zone")
                + traffic(bytes.getOrDefault(LinkLevel.ELSEWHERE, 0.0), "zones");
    }

    private static String traffic(double bytes, String between) {
        return bytes == 0 ? "" : String.format(Locale.ROOT, "; %.1f MB a step between %s", bytes / MEGA, between);
    }

    private LinkLevel farthest(AxisLinks axis, int[] seats) {
        LinkLevel farthest = LinkLevel.PROCESS;
        for (int link = 0; link < axis.size(); link++) {
            LinkLevel level = level(seats[axis.from(link)], seats[axis.to(link)]);
            farthest = level.compareTo(farthest) > 0 ? level : farthest;
        }
        return farthest;
    }
}
