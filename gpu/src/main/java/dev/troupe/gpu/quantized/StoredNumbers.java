package dev.troupe.gpu.quantized;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Numbers in fewer bits, within kernels: TornadoVM cannot reinterpret bits, so they are taken apart and put together by
 * arithmetic, which is exact. {@link #fill} gives the float arguments that this needs.
 */
public final class StoredNumbers {
    public static final int BF16 = 0;
    public static final int F16 = 1;
    public static final int Q8_0 = 2;

    /** Numbers of a token that share a scale: KvBlocks.GROUP. */
    public static final int GROUP = 32;

    private static final int INFINITY = 3;
    private static final int NAN = 4;

    /** Powers of two 2^(16·i - 134): units of BF16. */
    private static final int UNITS = 16;

    /** Powers of two 2^(118 - 16·i). */
    private static final int INVERSES = 32;

    /** From here on, half a step beyond the greatest bfloat16, numbers are rounded to infinity. */
    private static final float BEYOND_BRAIN = 0x1.ffp127f;

    private static final float HALF_UNIT = 2.9802322e-8f; // 2^-25

    private StoredNumbers() {}

    /** Fills in {@code floats} from {@link #INFINITY} on. */
    public static void fill(float[] floats) {
        floats[INFINITY] = Float.POSITIVE_INFINITY;
        floats[NAN] = Float.NaN;
        for (int i = 0; i < 16; i++) {
            floats[UNITS + i] = (float) Math.pow(2, 16 * i - 134);
            floats[INVERSES + i] = (float) Math.pow(2, 118 - 16 * i);
        }
    }

    /** Words of a section of one head's keys or values. */
    public static int sectionWords(int type, int dim) {
        int words = dim * 8;
        if (type == Q8_0) {
            words = dim * 4 + (dim + GROUP - 1) / GROUP * 8;
        }
        return words;
    }

    /** A number of a section. */
    public static float load(
            IntArray words, FloatArray floats, int type, int dim, int section, int element, int scale) {
        float value = 0f;
        if (type == Q8_0) {
            int number = (words.get(section + element / 4) >> (element % 4 * 8)) & 255;
            if (number > 127) {
                number = number - 256;
            }
            int bits = (words.get(section + dim * 4 + scale / 2) >> (scale % 2 * 16)) & 0xffff;
            value = number * half(floats, bits);
        } else {
            int bits = (words.get(section + element / 2) >> (element % 2 * 16)) & 0xffff;
            if (type == F16) {
                value = half(floats, bits);
            } else {
                value = brain(floats, bits);
            }
        }
        return value;
    }

    /** The value of a float16. */
    public static float half(FloatArray floats, int bits) {
        int exponent = (bits >> 10) & 31;
        int mantissa = bits & 1023;
        int power = exponent;
        int steps = mantissa + 1024;
        if (exponent == 0) {
            power = 1;
            steps = mantissa;
        }
        float value = steps * ((1 << power) * HALF_UNIT);
        if (exponent == 31) {
            value = floats.get(mantissa == 0 ? INFINITY : NAN);
        }
        if (bits >= 0x8000) {
            value = -value;
        }
        return value;
    }

    /** The value of a bfloat16. */
    public static float brain(FloatArray floats, int bits) {
        int exponent = (bits >> 7) & 255;
        int mantissa = bits & 127;
        int power = exponent;
        int steps = mantissa + 128;
        if (exponent == 0) {
            power = 1;
            steps = mantissa;
        }
        float value = (steps << (power % 16)) * floats.get(UNITS + power / 16);
        if (exponent == 255) {
            value = floats.get(mantissa == 0 ? INFINITY : NAN);
        }
        if (bits >= 0x8000) {
            value = -value;
        }
        return value;
    }

    /** The nearest float16, ties to even. */
    public static int halfBits(float x) {
        float magnitude = TornadoMath.abs(x);
        int power = 1;
        for (int e = 2; e <= 30; e++) {
            if (magnitude >= (1 << e) * 3.0517578e-5f) { // 2^(e - 15)
                power = e;
            }
        }
        int bits = 0x7c00;
        if (magnitude < 65520f) {
            bits = (power - 1) * 1024 + nearest(magnitude * (1 << (30 - power)) * 0.03125f);
        }
        return signed(x, bits);
    }

    /** The nearest bfloat16, ties to even. */
    public static int brainBits(FloatArray floats, float x) {
        float magnitude = TornadoMath.abs(x);
        int high = 0;
        for (int i = 1; i < 16; i++) {
            if (magnitude >= floats.get(UNITS + i) * 128f) {
                high = i;
            }
        }
        int power = 16 * high;
        for (int i = 1; i < 16; i++) {
            if (magnitude >= floats.get(UNITS + high) * (128 << i)) {
                power = 16 * high + i;
            }
        }
        if (power == 0) {
            power = 1;
        }
        int bits = 0x7f80;
        if (magnitude < BEYOND_BRAIN) {
            float steps = magnitude * floats.get(INVERSES + power / 16) * (1 << (16 - power % 16));
            bits = (power - 1) * 128 + nearest(steps);
        }
        return signed(x, bits);
    }

    /** The nearest integer to a number that is not negative, ties to even. */
    public static int nearest(float x) {
        int whole = (int) x;
        float rest = x - whole;
        if (rest > 0.5f) {
            whole = whole + 1;
        }
        if (rest == 0.5f) {
            whole = whole + whole % 2;
        }
        return whole;
    }

    /**
     * Bits of a magnitude with the sign of x. TornadoVM compiles a comparison as it is or as the negation of its
     * opposite, and those differ where x is not a number; only equality and inequality, as in {@code isNaN}, may meet
     * it.
     */
    private static int signed(float x, int bits) {
        int result = bits;
        if (x < 0f) {
            result = bits + 0x8000;
        }
        if (Float.isNaN(x)) {
            result = 0x7fc1; // not a number, in both formats
        }
        return result;
    }
}
