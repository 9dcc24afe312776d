package dev.troupe.model.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/**
 * An SVG document with a title and a plot, which charts draw on. Colours are classes with a style of their own, which a
 * page may override. Coordinates are pixels.
 */
final class ChartPaper {
    static final int WIDTH = 960;
    static final int LEFT = 72;
    static final int RIGHT = WIDTH - 118;
    static final int TOP = 64;

    private static final int X_TICKS = 9;

    private static final String STYLE = """
            .lc{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-size:13px}
            .lc-paper{fill:#fff}.lc-ink{fill:#111827}.lc-soft{fill:#6b7280}
            .lc-title{font-size:17px;font-weight:600}.lc-value{font-weight:600}
            .lc-grid{stroke:#e5e7eb}.lc-axis{stroke:#9ca3af}
            .lc-line{fill:none;stroke-linejoin:round;stroke-linecap:round}
            .lc-raw{stroke:#a9c7f7;stroke-width:1.2}.lc-train{stroke:#1d4ed8;stroke-width:2.4}
            .lc-val{stroke:#ea580c;stroke-width:1.8;stroke-dasharray:5 4}
            .lc-dot{fill:#ea580c;stroke:#fff;stroke-width:1.5}.lc-shadow{stroke:#7c3aed;stroke-width:1.6}
            .lc-train-text{fill:#1d4ed8}.lc-val-text{fill:#c2410c}
            .lc-part0{fill:#1d4ed8}.lc-part1{fill:#60a5fa}.lc-part2{fill:#0f766e}
            .lc-part3{fill:#5eead4}.lc-part4{fill:#ea580c}.lc-part5{fill:#a78bfa}
            """;

    private final String plotId;
    private final int bottom;
    private final StringBuilder svg = new StringBuilder();

    /**
     * An empty one.
     *
     * @param id tells it from others on the same page
     * @param bottom of the plot; what is below it is the margin
     */
    ChartPaper(String id, String title, int height, int bottom) {
        this.plotId = "lc-plot-" + id;
        this.bottom = bottom;
        add(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" class=\"lc\" role=\"img\">",
                WIDTH,
                height));
        add(String.format(Locale.ROOT, "<title>%s</title>", Html.escape(title)));
        svg.append("<style>").append(STYLE).append("</style>\n");
        add(String.format(
                Locale.ROOT, "<rect class=\"lc-paper\" width=\"%d\" height=\"%d\" rx=\"10\"/>", WIDTH, height));
        text(LEFT, 34, "start", "lc-ink lc-title", title);
    }

    /** A scale of steps from 0 on, along the plot. */
    static Axis steps(long last) {
        return new Axis(0, Math.max(1, last), LEFT, RIGHT);
    }

    /** Says that there is nothing to draw. */
    void nothing(String what) {
        text(WIDTH / 2.0, (TOP + bottom) / 2.0, "middle", "lc-soft", what);
    }

    /** Lines of a grid with their values to the left. */
    void rows(Axis y, int numTicks, DoubleFunction<String> label) {
        for (double value : y.ticks(numTicks)) {
            double at = y.pixel(value);
            straight("lc-grid", LEFT, RIGHT, at, at);
            text(LEFT - 10, at + 4.5, "end", "lc-soft", label.apply(value));
        }
    }

    /** Steps below the plot. */
    void steps(Axis x) {
        countAxis(x, "lc-axis", bottom, "steps");
    }

    /** A line of counts with ticks. */
    void countAxis(Axis x, String color, int at, String name) {
        for (double value : x.ticks(X_TICKS)) {
            double tick = x.pixel(value);
            straight("lc-axis", tick, tick, at, at + 5);
            text(tick, at + 20, "middle", "lc-soft", Axis.countLabel(value));
        }
        straight(color, LEFT, RIGHT, at, at);
        text(RIGHT + 30, at + 20, "start", "lc-ink", name);
    }

    /** Names what the rows are, upwards beside them. */
    void rowName(String name) {
        add(String.format(Locale.ROOT, "<g transform=\"translate(20 %d) rotate(-90)\">", (TOP + bottom) / 2));
        text(0, 0, "middle", "lc-ink", name);
        add("</g>");
    }

    /** What is drawn until {@link #endPlot} is cut off at the plot's borders. */
    void beginPlot() {
        add(String.format(
                Locale.ROOT,
                "<clipPath id=\"%s\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/></clipPath>",
                plotId,
                LEFT,
                TOP - 2,
                RIGHT - LEFT + 2,
                bottom - TOP + 4));
        add("<g clip-path=\"url(#" + plotId + ")\">");
    }

    void endPlot() {
        add("</g>");
    }

    /** A curve through points. */
    void curve(String color, double[] xs, double[] ys) {
        List<String> points = new ArrayList<>(xs.length);
        for (int i = 0; i < xs.length; i++) {
            points.add(String.format(Locale.ROOT, "%.1f,%.1f", xs[i], ys[i]));
        }
        add(String.format(
                Locale.ROOT, "<polyline class=\"lc-line %s\" points=\"%s\"/>", color, String.join(" ", points)));
    }

    /** A straight line. */
    void straight(String color, double x1, double x2, double y1, double y2) {
        add(String.format(
                Locale.ROOT,
                "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                color,
                x1,
                x2,
                y1,
                y2));
    }

    /** A filled rectangle. */
    void box(String color, double x, double y, double width, double height) {
        add(String.format(
                Locale.ROOT,
                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                color,
                x,
                y,
                width,
                height));
    }

    /** Where the lower of two lines of text beside the plot would end below it. */
    static int lowestLabel(int bottom) {
        return bottom - 14;
    }

    /** A value and what it is of, beside the end of a curve. */
    void lastValue(double at, String color, String value, String name) {
        double baseline = Math.min(at, lowestLabel(bottom));
        text(RIGHT + 12, baseline, "start", color + " lc-value", value);
        text(RIGHT + 12, baseline + 14, "start", color, name);
    }

    void text(double x, double y, String anchor, String color, String text) {
        add(String.format(
                Locale.ROOT,
                "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>",
                color,
                x,
                y,
                anchor,
                Html.escape(text)));
    }

    void add(String element) {
        svg.append(element).append('\n');
    }

    /** The document. */
    String end() {
        return svg.append("</svg>\n").toString();
    }
}
