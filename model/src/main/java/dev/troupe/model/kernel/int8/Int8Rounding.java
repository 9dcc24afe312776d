package dev.troupe.model.kernel.int8;

/** How a row is rounded: to the nearest of 255 numbers between plus and minus its greatest magnitude, ties to even. */
final class Int8Rounding {
    /** The greatest number. */
    static final int MOST = 127;

    /** Magnitudes below it are taken for zero: 127 over a smaller one might not be finite. */
    static final float NOTHING = 1e-30f;

    private Int8Rounding() {}

    /** What a number stands for, over the number; NaN for a row that is not finite. */
    static float scale(float greatest) {
        if (!Float.isFinite(greatest)) {
            return Float.NaN;
        }
        return greatest < NOTHING ? 0 : greatest / MOST;
    }

    /** What an element is multiplied by before it is rounded. */
    static float inverse(float greatest) {
        return greatest < NOTHING || !Float.isFinite(greatest) ? 0 : MOST / greatest;
    }

    /** In [-127, 127]. */
    static int round(float element, float inverse) {
        return (int) Math.rint(element * inverse);
    }

    /** The greatest magnitude of a row; not finite when one of its elements is not. */
    static float greatest(float[] row) {
        float greatest = 0;
        for (float element : row) {
            greatest = Math.max(greatest, Math.abs(element)); // NaN stays
        }
        return greatest;
    }
}
