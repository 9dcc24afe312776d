package dev.troupe.model.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Rounding to bf16: nearest, ties to even, special numbers; the same in every form. */
class Bf16LanesTest {
    private static final long SEED = 5;

    private static final float[] NUMBERS = {
        0f,
        -0f,
        1f,
        -1f,
        1 + 0x1p-8f, // halfway, to the even one below
        1 + 0x3p-8f, // halfway, to the even one above
        1 + 0x1.002p-8f,
        Float.MIN_VALUE,
        Float.MIN_NORMAL,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        Float.intBitsToFloat(0x7F800001), // a NaN without a bit in the upper half
        Float.intBitsToFloat(0xFFFFFFFF),
    };

    private static float[] numbers(int count) {
        SplittableRandom random = new SplittableRandom(SEED);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = i < NUMBERS.length ? NUMBERS[i] : Float.intBitsToFloat(random.nextInt());
        }
        return numbers;
    }

    @Test
    void roundsToTheNearest() {
        for (float number : numbers(20_000)) {
            float rounded = Bf16Lanes.round(number);
            int bits = Float.floatToRawIntBits(rounded);
            assertThat(bits & 0xFFFF).isZero();
            if (Float.isNaN(number)) {
                assertThat(rounded).isNaN();
                continue;
            }
            if (Float.isInfinite(number) || Float.isInfinite(rounded)) {
                assertThat(Math.abs(number)).isGreaterThanOrEqualTo(Float.intBitsToFloat(0x7F7F8000));
                assertThat(Math.signum(rounded)).isEqualTo(Math.signum(number));
                continue;
            }
            int down = Float.floatToRawIntBits(number) & 0xFFFF0000; // toward zero
            float lower = Float.intBitsToFloat(down);
            float upper = Float.intBitsToFloat(down + 0x10000);
            BigDecimal toLower = distance(number, lower);
            BigDecimal toUpper = Float.isInfinite(upper) ? toLower.add(BigDecimal.ONE) : distance(number, upper);
            int order = toLower.compareTo(toUpper);
            boolean lowerIsEven = (down >>> 16) % 2 == 0;
            assertThat(rounded).isEqualTo(order < 0 || (order == 0 && lowerIsEven) ? lower : upper);
        }
    }

    private static BigDecimal distance(float a, float b) {
        return new BigDecimal(a).subtract(new BigDecimal(b)).abs();
    }

    @Test
    void everyFormRoundsAlike() {
        int count = 77;
        int padded = 96;
        float[] numbers = numbers(2 * count);
        try (TensorArena arena = TensorArena.open("test")) {
            Tensor source = arena.allocate(2, count);
            for (int i = 0; i < numbers.length; i++) {
                source.segment().setAtIndex(ValueLayout.JAVA_INT, i, Float.floatToRawIntBits(numbers[i]));
            }
            Tensor row = arena.allocate(count);
            Tensor halves = arena.allocate(padded / 2);
            Tensor pairs = arena.allocate(padded);
            for (int pass = 0; pass < 3_000; pass++) { // interpreted and compiled
                Bf16Lanes.roundRow(count, source.address(), row.address());
                Bf16Lanes.storeRow(count, padded, source.address(), halves.address());
                Bf16Lanes.weaveRows(count, padded, source.address(), source.address() + 4L * count, pairs.address());
            }
            for (int i = 0; i < padded; i++) {
                int expected = i < count ? Float.floatToRawIntBits(Bf16Lanes.round(numbers[i])) >>> 16 : 0;
                int second = i < count ? Float.floatToRawIntBits(Bf16Lanes.round(numbers[count + i])) : 0;
                if (i < count) {
                    assertThat(row.segment().getAtIndex(ValueLayout.JAVA_INT, i))
                            .isEqualTo(expected << 16);
                }
                assertThat(halves.segment().getAtIndex(ValueLayout.JAVA_SHORT, i))
                        .isEqualTo((short) expected);
                assertThat(pairs.segment().getAtIndex(ValueLayout.JAVA_INT, i)).isEqualTo(second | expected);
            }
        }
    }
}
