package dev.troupe.model.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Rounding to half precision by vectors is the platform's own conversion, bit for bit. */
class Fp16LanesTest {
    private static final long SEED = 5;

    private static final float[] NUMBERS = {
        0f,
        -0f,
        1f,
        1 + 0x1p-11f, // halfway, to the even one below
        1 + 0x3p-11f, // halfway, to the even one above
        0x1p-14f, // the least normal half
        Math.nextDown(0x1p-14f),
        0x1p-24f, // the least half
        0x1p-25f, // halfway to zero
        Math.nextUp(0x1p-25f),
        -0x1p-25f,
        0x3p-25f,
        -Math.nextUp(0x1p-25f),
        Float.MIN_VALUE,
        65_504f, // the greatest half
        65_519.996f,
        65_520f, // halfway to 2^16
        -65_520f,
        Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        Float.intBitsToFloat(0x7F800001)
    };

    @Test
    void everyLaneRoundsAsThePlatform() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int count : new int[] {1, 7, 16, 23, 100_003}) {
            float[] numbers = new float[count];
            for (int i = 0; i < count; i++) {
                int exponent = random.nextInt(127 - 27, 127 + 18) << 23; // where halves have their numbers, and around
                numbers[i] = i < NUMBERS.length
                        ? NUMBERS[i]
                        : Float.intBitsToFloat((random.nextInt() & 0x807FFFFF) | exponent);
            }
            try (TensorArena arena = TensorArena.open("test")) {
                Tensor tensor = arena.allocate(count);
                for (int i = 0; i < count; i++) {
                    tensor.set(i, numbers[i]);
                }
                Fp16Lanes.roundRow(count, tensor.address(), tensor.address());
                for (int i = 0; i < count; i++) {
                    float expected = Fp16Lanes.round(numbers[i]);
                    if (Float.isNaN(expected)) {
                        assertThat(tensor.get(i)).isNaN();
                    } else {
                        assertThat(Float.floatToRawIntBits(tensor.get(i)))
                                .as("%s, seed %d", numbers[i], SEED)
                                .isEqualTo(Float.floatToRawIntBits(expected));
                    }
                }
            }
        }
    }
}
