package dev.troupe.model.report;

import java.util.List;
import java.util.Locale;

/** Draws how something went from step to step, such as tokens a second. */
public final class StepChart {
    private static final int HEIGHT = 260;
    private static final int BOTTOM = HEIGHT - 46;
    private static final int Y_TICKS = 4;

    private StepChart() {}

    /** What values are. */
    public enum Unit {
        /** Numbers, such as 1500 for 1.5k. */
        COUNT {
            @Override
            String label(double value, Axis axis) {
                return Axis.countLabel(value);
            }
        },
        /** Shares, such as 0.25 for 25 %. */
        SHARE {
            @Override
            String label(double value, Axis axis) {
                Axis percent = new Axis(100 * axis.min(), 100 * axis.max(), axis.start(), axis.end());
                return percent.decimalLabel(100 * value, Y_TICKS) + " %";
            }
        };

        abstract String label(double value, Axis axis);
    }

    /** A value after a step; those that are no number are left out. */
    public record Point(long step, double value) {}

    /**
     * A chart.
     *
     * @param id a word that tells it from others on the page
     * @param name of what its curve shows, a word or two
     * @param points in order of step
     */
    public record Series(String id, String title, String name, Unit unit, List<Point> points) {
        public Series {
            points = points.stream()
                    .filter(point -> Double.isFinite(point.value()))
                    .toList();
        }
    }

    /** The chart as an SVG document; without a point it says so. */
    public static String svg(Series series) {
        ChartPaper paper = new ChartPaper(series.id(), series.title(), HEIGHT, BOTTOM);
        List<Point> points = series.points();
        if (points.isEmpty()) {
            paper.nothing("Nothing was measured");
            return paper.end();
        }
        Axis x = ChartPaper.steps(points.getLast().step());
        double most = points.stream().mapToDouble(Point::value).max().orElse(0);
        Axis y = new Axis(0, most > 0 ? 1.06 * most : 1, BOTTOM, ChartPaper.TOP);
        paper.rows(y, Y_TICKS, value -> series.unit().label(value, y));
        paper.steps(x);
        paper.beginPlot();
        paper.curve(
                "lc-train",
                points.stream()
                        .mapToDouble(point -> x.pixel((double) point.step()))
                        .toArray(),
                points.stream().mapToDouble(point -> y.pixel(point.value())).toArray());
        paper.endPlot();
        double last = points.getLast().value();
        paper.lastValue(
                y.pixel(last),
                "lc-train-text",
                series.unit() == Unit.SHARE
                        ? String.format(Locale.ROOT, "%.1f %%", 100 * last)
                        : String.format(Locale.ROOT, "%,.0f", last),
                series.name());
        return paper.end();
    }
}
