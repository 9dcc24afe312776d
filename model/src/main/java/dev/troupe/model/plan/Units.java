package dev.troupe.model.plan;

/** Seconds of what people count in. */
public final class Units {
    public static final double SECONDS_PER_MINUTE = 60;
    public static final double SECONDS_PER_HOUR = 60 * SECONDS_PER_MINUTE;
    public static final double SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR;

    private Units() {}
}
