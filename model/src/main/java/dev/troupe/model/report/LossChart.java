package dev.troupe.model.report;

import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.eval.LossSample;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * Draws a {@link LossCurve}: each training sample lightly, their running mean, validation losses as dots, and the level
 * of a shadow, a model that the run is compared with; steps and tokens below.
 */
public final class LossChart {
    private static final int HEIGHT = 500;
    private static final int BOTTOM = HEIGHT - 82;

    private static final int Y_TICKS = 7;
    private static final int LABEL_HEIGHT = 34;

    private final LossCurve curve;
    private final List<LossSample> training;
    private final List<LossSample> validation;
    private final List<LossSample> shadow;
    private final ChartPaper paper;

    private LossChart(LossCurve curve, List<LossSample> shadow, String title) {
        this.paper = new ChartPaper("loss", title, HEIGHT, BOTTOM);
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
        return new LossChart(curve, shadow, title).draw();
    }

    private static List<LossSample> finite(List<LossSample> samples) {
        return samples.stream().filter(sample -> Double.isFinite(sample.loss())).toList();
    }

    private String draw() {
        if (training.isEmpty() && validation.isEmpty()) {
            paper.nothing("No losses were recorded yet");
        } else {
            drawCurves();
        }
        return paper.end();
    }

    private void drawCurves() {
        double[] smoothed = smoothed();
        Axis x = stepAxis();
        Axis y = lossAxis(smoothed);
        drawAxes(x, y);
        paper.beginPlot();
        line("lc-raw", training, x, y, losses(training));
        line("lc-train", training, x, y, smoothed);
        line("lc-val", validation, x, y, losses(validation));
        drawShadow(x, y);
        paper.endPlot();
        for (LossSample sample : validation) {
            double top = Math.max(ChartPaper.TOP, y.pixel(sample.loss()));
            paper.add(String.format(
                    Locale.ROOT,
                    "<circle class=\"lc-dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>",
                    x.pixel((double) sample.step()),
                    top));
        }
        drawLastValues(y, smoothed);
        drawLegend();
    }

    private void drawShadow(Axis x, Axis y) {
        double[] xs = new double[2 * shadow.size()];
        double[] ys = new double[xs.length];
        for (int i = 0; i < shadow.size(); i++) {
            xs[2 * i] =
                    i == 0 ? ChartPaper.LEFT : x.pixel((double) shadow.get(i).step());
            xs[2 * i + 1] =
                    i + 1 < shadow.size() ? x.pixel((double) shadow.get(i + 1).step()) : ChartPaper.RIGHT;
            ys[2 * i] = y.pixel(shadow.get(i).loss());
            ys[2 * i + 1] = ys[2 * i];
        }
        if (xs.length > 0) {
            paper.curve("lc-shadow", xs, ys);
        }
    }

    private Axis stepAxis() {
        long last = Stream.concat(training.stream(), validation.stream())
                .mapToLong(LossSample::step)
                .max()
                .orElse(0);
        return ChartPaper.steps(last);
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
        return new Axis(Math.max(0, min - margin), max + margin, BOTTOM, ChartPaper.TOP);
    }

    private void drawAxes(Axis x, Axis y) {
        paper.rows(y, Y_TICKS, loss -> y.decimalLabel(loss, Y_TICKS));
        paper.steps(x);
        drawTokenAxis();
        paper.rowName("loss (nats per token)");
    }

    /** Tokens grow with the steps: the same line, in tokens. */
    private void drawTokenAxis() {
        LossSample last = training.isEmpty() ? validation.getLast() : training.getLast();
        if (last.tokens() == 0 || last.step() == 0) {
            return;
        }
        double tokensPerStep = (double) last.tokens() / last.step();
        Axis steps = stepAxis();
        Axis tokens = new Axis(0, steps.max() * tokensPerStep, ChartPaper.LEFT, ChartPaper.RIGHT);
        paper.countAxis(tokens, "lc-grid", BOTTOM + 36, "tokens");
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
            double below = Math.max(0, Math.max(train, val) - ChartPaper.lowestLabel(BOTTOM));
            train -= below;
            val -= below;
        }
        if (smoothed.length > 0) {
            lastValue(train, "lc-train-text", "training", smoothed[smoothed.length - 1]);
        }
        if (!validation.isEmpty()) {
            lastValue(val, "lc-val-text", "validation", validation.getLast().loss());
        }
    }

    private void lastValue(double at, String color, String name, double loss) {
        paper.lastValue(at, color, String.format(Locale.ROOT, "%.3f", loss), name);
    }

    private void drawLegend() {
        int at = ChartPaper.RIGHT;
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
        paper.text(left, 34, "start", "lc-soft", name);
        paper.straight("lc-line " + color, left - 34, left - 8, 30, 30);
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
        paper.curve(
                color,
                samples.stream()
                        .mapToDouble(sample -> x.pixel((double) sample.step()))
                        .toArray(),
                DoubleStream.of(losses).map(y::pixel).toArray());
    }
}
