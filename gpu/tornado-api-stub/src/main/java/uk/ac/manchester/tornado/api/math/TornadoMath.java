package uk.ac.manchester.tornado.api.math;

/** The mathematics that a kernel may use; on a device, its own instructions. */
public class TornadoMath {
    private TornadoMath() {}

    public static float exp(float value) {
        return (float) Math.exp(value);
    }

    public static float log(float value) {
        return (float) Math.log(value);
    }

    public static float sqrt(float value) {
        return (float) Math.sqrt(value);
    }

    public static float tanh(float value) {
        return (float) Math.tanh(value);
    }

    public static float max(float a, float b) {
        return Math.max(a, b);
    }

    public static float abs(float a) {
        return Math.abs(a);
    }
}
