package dev.troupe.model.kernel.quantized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rounding to stored types and back. */
class QuantizationTest {
    private static final int COUNT = 2048;

    private static float[] normal(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private static MemorySegment stored(StorageType type, float[] x) {
        MemorySegment bytes = Arena.ofAuto().allocate(type.bytes(x.length));
        Quantization.write(type, x.length, MemorySegment.ofArray(x), bytes);
        return bytes;
    }

    private static float[] read(StorageType type, int count, MemorySegment bytes) {
        float[] x = new float[count];
        Dequantization.read(type, count, bytes, MemorySegment.ofArray(x));
        return x;
    }

    /** The root of the mean square error, against normally distributed numbers; what each number of bits can give. */
    @ParameterizedTest
    @CsvSource({"F32, 0", "F16, 3e-4", "BF16, 2.5e-3", "Q8_0, 6e-3", "Q6_K, 2e-2", "Q4_K, 8e-2", "Q4_0, 0.1"})
    void errorIsAsSmallAsTheBitsAllow(StorageType type, double most) {
        float[] x = normal(1, COUNT);
        float[] back = read(type, COUNT, stored(type, x));
        double squares = 0;
        for (int i = 0; i < COUNT; i++) {
            squares += Math.pow(back[i] - x[i], 2);
        }
        assertThat(Math.sqrt(squares / COUNT)).isLessThanOrEqualTo(most);
    }

    /** Numbers that a type can hold come back as they were, and are stored as the same bytes again. */
    @ParameterizedTest
    @CsvSource({"F32", "F16", "BF16", "Q8_0", "Q4_0"})
    void whatWasReadIsStoredAgainUnchanged(StorageType type) {
        float[] x = read(type, COUNT, stored(type, normal(2, COUNT)));
        assertThat(read(type, COUNT, stored(type, x))).isEqualTo(x);
    }

    @ParameterizedTest
    @CsvSource({"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K", "Q6_K"})
    void zerosStayZeros(StorageType type) {
        assertThat(read(type, COUNT, stored(type, new float[COUNT]))).containsOnly(0);
    }

    /** Bytes written by hand after the layouts: one scale of 0.5, numbers in order. */
    @Test
    void smallBlocksAreRead() {
        MemorySegment q8 = MemorySegment.ofArray(HexFormat.of().parseHex("0038" + "01ff807f" + "00".repeat(28)));
        assertThat(Arrays.copyOf(read(StorageType.Q8_0, 32, q8), 5)).containsExactly(0.5f, -0.5f, -64, 63.5f, 0);
        MemorySegment q4 = MemorySegment.ofArray(HexFormat.of().parseHex("0038" + "f0" + "89".repeat(15)));
        float[] x = read(StorageType.Q4_0, 32, q4);
        assertThat(x[0]).isEqualTo(-4);
        assertThat(x[16]).isEqualTo(3.5f);
        assertThat(x[1]).isEqualTo(0.5f);
        assertThat(x[17]).isZero();
    }

    /** Scales 1 to 8 times 0.5, minima 33 to 40 times 0.25, with their upper bits where ggml has them. */
    @Test
    void scalesOfQ4KAreRead() {
        byte[] block = new byte[144];
        MemorySegment bytes = MemorySegment.ofArray(block);
        bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, Float.floatToFloat16(0.5f));
        bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2, Float.floatToFloat16(0.25f));
        for (int j = 0; j < 4; j++) {
            int scale = j + 5; // of sub-block j + 4
            int min = j + 37;
            block[4 + j] = (byte) ((j + 1) | (scale >> 4 << 6));
            block[8 + j] = (byte) ((j + 33) | (min >> 4 << 6));
            block[12 + j] = (byte) ((scale & 15) | ((min & 15) << 4));
        }
        Arrays.fill(block, 16, 144, (byte) 0x31);
        float[] x = read(StorageType.Q4_K, 256, bytes);
        for (int i = 0; i < 256; i++) {
            int j = i / 32;
            int q = j % 2 == 0 ? 1 : 3;
            assertThat(x[i]).as("number %d", i).isEqualTo(0.5f * (j + 1) * q - 0.25f * (j + 33));
        }
    }

    @Test
    void numbersOfQ6KAreRead() {
        byte[] block = new byte[210];
        MemorySegment bytes = MemorySegment.ofArray(block);
        bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, 208, Float.floatToFloat16(0.5f));
        for (int j = 0; j < 16; j++) {
            block[192 + j] = (byte) (j - 8);
        }
        block[64 + 3] = (byte) 0xA5; // numbers 128 + 3 and 128 + 64 + 3
        block[128 + 32 + 3] = (byte) 0b11_10_01_00; // upper bits of 128 + 3, + 32, + 64, + 96
        float[] x = read(StorageType.Q6_K, 256, bytes);
        assertThat(x[131]).isEqualTo(0.5f * 0 * (5 - 32));
        assertThat(x[131 + 32]).isEqualTo(0.5f * 2 * (16 - 32));
        assertThat(x[131 + 64]).isEqualTo(0.5f * 4 * (10 + 32 - 32));
        assertThat(x[131 + 96]).isEqualTo(0.5f * 6 * (48 - 32));
    }

    /**
     * Every number of random blocks, against ggml's block_q4_K: half d, half dmin, 12 bytes of scales and minima, 128
     * bytes of quants, each 32 of which hold 64 numbers, the first 32 in their lower halves.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyNumberOfQ4KIsWhereGgmlHasIt(long seed) {
        byte[] block = randomBlock(seed, StorageType.Q4_K, 0, 2);
        int scales = 4;
        double[] expected = new double[256];
        for (int i = 0; i < 256; i++) {
            int j = i / 32;
            int scale = j < 4
                    ? bits(block[scales + j], 0, 6)
                    : bits(block[scales + j + 4], 0, 4) + 16 * bits(block[scales + j - 4], 6, 2);
            int min = j < 4
                    ? bits(block[scales + j + 4], 0, 6)
                    : bits(block[scales + j + 4], 4, 4) + 16 * bits(block[scales + j], 6, 2);
            int quant = bits(block[16 + i / 64 * 32 + i % 32], i % 64 < 32 ? 0 : 4, 4);
            expected[i] = half(block, 0) * scale * quant - half(block, 2) * min;
        }
        assertNumbers(StorageType.Q4_K, block, expected);
    }

    /**
     * The same of block_q6_K: 128 bytes of lower and 64 of upper bits, 16 scales of one byte, half d. Each half of the
     * block has four rows of 32 numbers: the lower bits of rows 0 and 2 share bytes, as do those of rows 1 and 3; the
     * upper bits of all four share one.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyNumberOfQ6KIsWhereGgmlHasIt(long seed) {
        byte[] block = randomBlock(seed, StorageType.Q6_K, 208);
        double[] expected = new double[256];
        for (int i = 0; i < 256; i++) {
            int part = i / 128;
            int row = i % 128 / 32;
            int column = i % 32;
            int low = bits(block[part * 64 + row % 2 * 32 + column], row / 2 * 4, 4);
            int high = bits(block[128 + part * 32 + column], row * 2, 2);
            int scale = block[192 + i / 16];
            expected[i] = half(block, 208) * scale * (low + 16 * high - 32);
        }
        assertNumbers(StorageType.Q6_K, block, expected);
    }

    /** Any bytes but for float16 numbers at {@code halves}, which are not far from 1. */
    private static byte[] randomBlock(long seed, StorageType type, int... halves) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] block = new byte[type.blockBytes()];
        random.nextBytes(block);
        for (int at : halves) {
            float number = (float) random.nextDouble(0.5, 2);
            MemorySegment.ofArray(block).set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(number));
        }
        return block;
    }

    private static int bits(byte from, int shift, int count) {
        return (from & 0xFF) >> shift & ((1 << count) - 1);
    }

    private static double half(byte[] block, int at) {
        return Float.float16ToFloat(MemorySegment.ofArray(block).get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
    }

    /** Within the rounding of one float32 product. */
    private static void assertNumbers(StorageType type, byte[] block, double[] expected) {
        float[] x = read(type, 256, MemorySegment.ofArray(block));
        for (int i = 0; i < 256; i++) {
            assertThat((double) x[i])
                    .as("number %d", i)
                    .isCloseTo(expected[i], within(1e-6 * Math.max(1, Math.abs(expected[i]))));
        }
    }

    @Test
    void partsOfBlocksAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> stored(StorageType.Q4_K, new float[288]))
                .withMessageContaining("256");
    }
}
