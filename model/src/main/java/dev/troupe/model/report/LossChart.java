package dev.troupe.model.report;

import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.eval.LossSample;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * Draws a {@link LossCurve}: each training sample lightly, their running mean, validation losses as dots, and the level
 * of a shadow, a model that the run is compared with; steps and tokens below. Colours are classes with a style of their
 * own, which a page may override.
 */
public final class LossChart {
    private static final int WIDTH = 960;
    private static final int HEIGHT = 500;
    private static final int LEFT = 72;
    private static final int RIGHT = WIDTH - 118;
    private static final int TOP = 64;
    private static final int BOTTOM = HEIGHT - 82;

    private static final int X_TICKS = 9;
    private static final int Y_TICKS = 7;
    private static final int LABEL_HEIGHT = 34;

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
            """;

    private final LossCurve curve;
    private final List<LossSample> training;
    private final List<LossSample> validation;
    private final List<LossSample> shadow;
    private final StringBuilder svg = new StringBuilder();

    private LossChart(LossCurve curve, List<LossSample> shadow) {
        this.curve = curve;
        this.shadow = finite(shadow);
        this.training = finite(curve.training());
        this.validation = finite(curve.validation());
    }

    /** The chart as an SVG document; before the first step it says so. */
    public static String svg(LossCurve curve, String title) {
        return svg(curve, List.of(), title);
    }

    /**
     * The chart with a shadow.
     *
     * @param shadow its validation losses: each holds until the next
     */
    public static String svg(LossCurve curve, List<LossSample> shadow, String title) {
        return new LossChart(curve, shadow).draw(title);
    }

    private static List<LossSample> finite(List<LossSample> samples) {
        return samples.stream().filter(sample -> Double.isFinite(sample.loss())).toList();
    }

    private String draw(String title) {
        add(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" class=\"lc\" role=\"img\">",
                WIDTH,
                HEIGHT));
        add(String.format(Locale.ROOT, "<title>%s</title>", Html.escape(title)));
        svg.append("<style>").append(STYLE).append("</style>\n");
        add(String.format(
                Locale.ROOT, "<rect class=\"lc-paper\" width=\"%d\" height=\"%d\" rx=\"10\"/>", WIDTH, HEIGHT));
        text(LEFT, 34, "start", "lc-ink lc-title", title);
        if (training.isEmpty() && validation.isEmpty()) {
            text(WIDTH / 2.0, HEIGHT / 2.0, "middle", "lc-soft", "No losses were recorded yet");
        } else {
            drawCurves();
        }
        return svg.append("</svg>\n").toString();
    }

    private void drawCurves() {
        double[] smoothed = smoothed();
        Axis x = stepAxis();
        Axis y = lossAxis(smoothed);
        drawAxes(x, y);
        add(String.format(
                Locale.ROOT,
                "<clipPath id=\"lc-plot\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/></clipPath>",
                LEFT,
                TOP - 2,
                RIGHT - LEFT + 2,
                BOTTOM - TOP + 4));
        add("<g clip-path=\"url(#lc-plot)\">");
        line("lc-raw", training, x, y, losses(training));
        line("lc-train", training, x, y, smoothed);
        line("lc-val", validation, x, y, losses(validation));
        drawShadow(x, y);
        add("</g>");
        for (LossSample sample : validation) {
            double top = Math.max(TOP, y.pixel(sample.loss()));
            add(String.format(
                    Locale.ROOT,
                    "<circle class=\"lc-dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>",
                    x.pixel((double) sample.step()),
                    top));
        }
        drawLastValues(y, smoothed);
        drawLegend();
    }

    private void drawShadow(Axis x, Axis y) {
        List<String> points = new ArrayList<>();
        for (int i = 0; i < shadow.size(); i++) {
            double from = i == 0 ? LEFT : x.pixel((double) shadow.get(i).step());
            double to =
                    i + 1 < shadow.size() ? x.pixel((double) shadow.get(i + 1).step()) : RIGHT;
            double level = y.pixel(shadow.get(i).loss());
            points.add(String.format(Locale.ROOT, "%.1f,%.1f %.1f,%.1f", from, level, to, level));
        }
        if (!points.isEmpty()) {
            add(String.format(
                    Locale.ROOT, "<polyline class=\"lc-line lc-shadow\" points=\"%s\"/>", String.join(" ", points)));
        }
    }

    private Axis stepAxis() {
        long last = Stream.concat(training.stream(), validation.stream())
                .mapToLong(LossSample::step)
                .max()
                .orElse(0);
        return new Axis(0, Math.max(1, last), LEFT, RIGHT);
    }

    /** Room for the running mean, all validation losses and nearly all samples: lone spikes are cut off at the top. */
    private Axis lossAxis(double[] smoothed) {
        double[] raw = losses(training);
        double[] ordered = DoubleStream.of(raw).sorted().toArray();
        DoubleStream held = DoubleStream.concat(DoubleStream.of(losses(validation)), DoubleStream.of(losses(shadow)));
        DoubleStream shown = DoubleStream.concat(DoubleStream.of(smoothed), held);
        if (ordered.length > 0) {
            double usual = ordered[(int) (0.99 * (ordered.length - 1))];
            shown = DoubleStream.concat(shown, DoubleStream.of(ordered[0], usual));
        }
        double[] values = shown.toArray();
        double min = DoubleStream.of(values).min().orElse(0);
        double max = DoubleStream.of(values).max().orElse(1);
        double margin = max > min ? 0.06 * (max - min) : 0.5;
        return new Axis(Math.max(0, min - margin), max + margin, BOTTOM, TOP);
    }

    private void drawAxes(Axis x, Axis y) {
        for (double loss : y.ticks(Y_TICKS)) {
            double at = y.pixel(loss);
            add(String.format(
                    Locale.ROOT,
                    "<line class=\"lc-grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>",
                    LEFT,
                    RIGHT,
                    at,
                    at));
            text(LEFT - 10, at + 4.5, "end", "lc-soft", y.decimalLabel(loss, Y_TICKS));
        }
        for (double step : x.ticks(X_TICKS)) {
            double at = x.pixel(step);
            add(String.format(
                    Locale.ROOT,
                    "<line class=\"lc-axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>",
                    at,
                    at,
                    BOTTOM,
                    BOTTOM + 5));
            text(at, BOTTOM + 20, "middle", "lc-soft", Axis.countLabel(step));
        }
        add(String.format(
                Locale.ROOT,
                "<line class=\"lc-axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>",
                LEFT,
                RIGHT,
                BOTTOM,
                BOTTOM));
        text(RIGHT + 30, BOTTOM + 20, "start", "lc-ink", "steps");
        drawTokenAxis();
        add(String.format(Locale.ROOT, "<g transform=\"translate(20 %d) rotate(-90)\">", (TOP + BOTTOM) / 2));
        text(0, 0, "middle", "lc-ink", "loss (nats per token)");
        add("</g>");
    }

    /** Tokens grow with the steps: the same line, in tokens. */
    private void drawTokenAxis() {
        LossSample last = training.isEmpty() ? validation.getLast() : training.getLast();
        if (last.tokens() == 0 || last.step() == 0) {
            return;
        }
        double tokensPerStep = (double) last.tokens() / last.step();
        Axis steps = stepAxis();
        Axis tokens = new Axis(0, steps.max() * tokensPerStep, LEFT, RIGHT);
        int line = BOTTOM + 36;
        add(String.format(
                Locale.ROOT,
                "<line class=\"lc-grid\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>",
                LEFT,
                RIGHT,
                line,
                line));
        for (double count : tokens.ticks(X_TICKS)) {
            double at = tokens.pixel(count);
            add(String.format(
                    Locale.ROOT,
                    "<line class=\"lc-axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>",
                    at,
                    at,
                    line,
                    line + 5));
            text(at, line + 20, "middle", "lc-soft", Axis.countLabel(count));
        }
        text(RIGHT + 30, line + 20, "start", "lc-ink", "tokens");
    }

    /** The last losses beside the ends of the curves, kept apart. */
    private void drawLastValues(Axis y, double[] smoothed) {
        double train = smoothed.length == 0 ? Double.NaN : y.pixel(smoothed[smoothed.length - 1]);
        double val =
                validation.isEmpty() ? Double.NaN : y.pixel(validation.getLast().loss());
        if (Math.abs(train - val) < LABEL_HEIGHT) {
            double middle = (train + val) / 2;
            boolean trainAbove = train < val;
            train = middle + (trainAbove ? -LABEL_HEIGHT : LABEL_HEIGHT) / 2.0;
            val = middle + (trainAbove ? LABEL_HEIGHT : -LABEL_HEIGHT) / 2.0;
        }
        if (smoothed.length > 0) {
            lastValue(train, "lc-train-text", "training", smoothed[smoothed.length - 1]);
        }
        if (!validation.isEmpty()) {
            lastValue(val, "lc-val-text", "validation", validation.getLast().loss());
        }
    }

    private void lastValue(double at, String color, String name, double loss) {
        double baseline = Math.min(at, BOTTOM - 14);
        text(RIGHT + 12, baseline, "start", color + " lc-value", String.format(Locale.ROOT, "%.3f", loss));
        text(RIGHT + 12, baseline + 14, "start", color, name);
    }

    private void drawLegend() {
        int at = RIGHT;
        at = legend(at, "lc-val", "validation", 74, !validation.isEmpty());
        at = legend(at, "lc-train", "training, running mean", 150, !training.isEmpty());
        String raw = curve.stepsPerSample() == 1 ? "each step" : "mean of " + curve.stepsPerSample() + " steps";
        at = legend(at, "lc-raw", raw, 74 + (curve.stepsPerSample() == 1 ? 0 : 40), !training.isEmpty());
        if (!shadow.isEmpty()) {
            String level =
                    String.format(Locale.ROOT, "shadow %.3f", shadow.getLast().loss());
            legend(at, "lc-shadow", level, 94, true);
        }
    }

    /** One entry that ends at {@code right}; returns where the next one to the left ends. */
    private int legend(int right, String color, String name, int textWidth, boolean shown) {
        if (!shown) {
            return right;
        }
        int left = right - textWidth;
        text(left, 34, "start", "lc-soft", name);
        add(String.format(
                Locale.ROOT,
                "<line class=\"lc-line %s\" x1=\"%d\" x2=\"%d\" y1=\"30\" y2=\"30\"/>",
                color,
                left - 34,
                left - 8));
        return left - 50;
    }

    /** Running mean over about a thirtieth of the samples, centred so that it does not lag behind a falling loss. */
    private double[] smoothed() {
        double[] raw = losses(training);
        int reach = raw.length / 60;
        double[] smoothed = new double[raw.length];
        for (int i = 0; i < raw.length; i++) {
            int from = i - Math.min(reach, i);
            int to = i + Math.min(Math.min(reach, i), raw.length - 1 - i);
            double sum = 0;
            int count = 0;
            for (int j = from; j <= to; j++) {
                sum += raw[j] * training.get(j).count();
                count += training.get(j).count();
            }
            smoothed[i] = sum / count;
        }
        return smoothed;
    }

    private static double[] losses(List<LossSample> samples) {
        return samples.stream().mapToDouble(LossSample::loss).toArray();
    }

    private void line(String color, List<LossSample> samples, Axis x, Axis y, double[] losses) {
        List<String> points = new ArrayList<>(losses.length);
        for (int i = 0; i < losses.length; i++) {
            points.add(String.format(
                    Locale.ROOT, "%.1f,%.1f", x.pixel((double) samples.get(i).step()), y.pixel(losses[i])));
        }
        add(String.format(
                Locale.ROOT, "<polyline class=\"lc-line %s\" points=\"%s\"/>", color, String.join(" ", points)));
    }

    private void text(double x, double y, String anchor, String color, String text) {
        add(String.format(
                Locale.ROOT,
                "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>",
                color,
                x,
                y,
                anchor,
                Html.escape(text)));
    }

    private void add(String element) {
        svg.append(element).append('\n');
    }
}
