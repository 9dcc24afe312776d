package dev.troupe.model.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A linear scale from values to pixels with round ticks.
 *
 * @param min value at {@code start}
 * @param max value at {@code end}, above min
 */
record Axis(double min, double max, double start, double end) {
    Axis {
        if (!(max > min)) {
            throw new IllegalArgumentException("an axis from " + min + " to " + max);
        }
    }

    double pixel(double value) {
        return start + (value - min) / (max - min) * (end - start);
    }

    /** Values inside the axis at a distance of 1, 2 or 5 times a power of ten, at most about {@code target} of them. */
    List<Double> ticks(int target) {
        double step = tickStep(target);
        List<Double> ticks = new ArrayList<>();
        for (long i = (long) Math.ceil(min / step - 1e-9); i * step <= max + step * 1e-9; i++) {
            ticks.add(i * step);
        }
        return ticks;
    }

    private double tickStep(int target) {
        double rough = (max - min) / target;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double mantissa = rough / power;
        return power * (mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10);
    }

    /** As many decimals as the ticks need to differ. */
    String decimalLabel(double value, int target) {
        int decimals = (int) Math.max(0, Math.ceil(-Math.log10(tickStep(target)) - 1e-9));
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** 1500 is 1.5k, 20000000 is 20M. */
    static String countLabel(double value) {
        String[] units = {"", "k", "M", "G", "T"};
        int unit = 0;
        double scaled = value;
        while (Math.abs(scaled) >= 1000 && unit < units.length - 1) {
            scaled /= 1000;
            unit++;
        }
        String digits = String.format(Locale.ROOT, "%.2f", scaled);
        return digits.replaceFirst("\\.?0+$", "") + units[unit];
    }
}
