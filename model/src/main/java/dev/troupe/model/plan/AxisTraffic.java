package dev.troupe.model.plan;

/**
 * What an axis of the mesh moves in a step.
 *
 * @param bytes that go out of a device
 * @param seconds that its links are busy
 * @param exposedSeconds of those that computation does not hide
 */
public record AxisTraffic(double bytes, double seconds, double exposedSeconds) {
    static final AxisTraffic NONE = new AxisTraffic(0, 0, 0);
}
