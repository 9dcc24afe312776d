package dev.troupe.model.plan;

/** Seconds of what people count in. */
public final class Units {
    public static final double SECONDS_PER_HOUR = 3600;
    public static final double SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR;

    private Units() {}
}
