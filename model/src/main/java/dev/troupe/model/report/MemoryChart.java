package dev.troupe.model.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Draws the memory of each node as a bar of parts, such as weights and moments. */
public final class MemoryChart {
    private static final int ROW = 40;
    private static final int BAR = 16;
    private static final int BELOW = 66;
    private static final int LEGEND_STEP = 140;
    private static final int NUM_COLORS = 6;
    private static final double MEGA = 1e6;

    private MemoryChart() {}

    /**
     * A node.
     *
     * @param bytes by part, in an order that all nodes have; at most six
     */
    public record Node(String name, Map<String, Long> bytes) {
        public Node {
            if (bytes.size() > NUM_COLORS) {
                throw new IllegalArgumentException(bytes.size() + " parts, but " + NUM_COLORS + " colours");
            }
            bytes = new LinkedHashMap<>(bytes);
        }

        private long total() {
            return bytes.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    /** The chart as an SVG document; without a node it says so. */
    public static String svg(List<Node> nodes) {
        int bottom = ChartPaper.TOP + ROW * Math.max(2, nodes.size());
        ChartPaper paper = new ChartPaper("memory", "Memory of tensors by node", bottom + BELOW, bottom);
        if (nodes.isEmpty()) {
            paper.nothing("Nothing was measured");
            return paper.end();
        }
        long most = nodes.stream().mapToLong(Node::total).max().orElse(0);
        Axis x = new Axis(0, Math.max(1, most), ChartPaper.LEFT, ChartPaper.RIGHT);
        for (int i = 0; i < nodes.size(); i++) {
            bar(paper, x, nodes.get(i), ChartPaper.TOP + ROW * i);
        }
        paper.countAxis(x, "lc-axis", bottom + 4, "bytes");
        int at = ChartPaper.LEFT;
        int color = 0;
        for (String part : new ArrayList<>(nodes.getFirst().bytes().keySet())) {
            paper.box("lc-part" + color++, at, bottom + 40, 10, 10);
            paper.text(at + 16, bottom + 50, "start", "lc-soft", part);
            at += LEGEND_STEP;
        }
        return paper.end();
    }

    /** The name, and below it the parts one after the other with their sum. */
    private static void bar(ChartPaper paper, Axis x, Node node, int top) {
        long before = 0;
        int color = 0;
        for (long bytes : node.bytes().values()) {
            double from = x.pixel((double) before);
            before += bytes;
            paper.box("lc-part" + color++, from, top, x.pixel((double) before) - from, BAR);
        }
        paper.text(ChartPaper.LEFT, top - 4, "start", "lc-soft", node.name());
        paper.text(
                ChartPaper.RIGHT + 12,
                top + BAR - 4,
                "start",
                "lc-ink lc-value",
                String.format(Locale.ROOT, "%,.1f MB", node.total() / MEGA));
    }
}
