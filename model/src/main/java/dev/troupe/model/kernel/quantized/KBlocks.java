package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.BlockLayout.LARGE;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q4_K_SCALED;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q6_K_GROUP;
import static dev.troupe.model.kernel.quantized.BlockLayout.SHORT;
import static dev.troupe.model.kernel.quantized.BlockLayout.SMALL;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Quantizes blocks with scales of scales. Each group's own scale (and minimum) is found by {@link ScaleSearch}, then
 * rounded to some bits of the block's, and the numbers are rounded to what came of that.
 */
final class KBlocks {
    private static final int SCALE_MOST = 63; // of Q4_K: six bits
    private static final int Q4_MOST = 15;
    private static final int Q6_STEPS = 32;
    private static final int Q6_SCALE_STEPS = 128;
    private static final int Q6_SCALE_MOST = 127;
    private static final float NOTHING = 1e-15f; // scales below it are taken for none

    private KBlocks() {}

    static void writeQ4K(float[] x, MemorySegment to, long at) {
        float[] scales = new float[Q4_K_SCALED];
        float[] mins = new float[Q4_K_SCALED];
        float greatestScale = 0;
        float greatestMin = 0;
        for (int j = 0; j < Q4_K_SCALED; j++) {
            ScaleSearch.Line line = ScaleSearch.line(x, j * SMALL, SMALL, Q4_MOST);
            scales[j] = line.scale();
            mins[j] = line.min();
            greatestScale = Math.max(greatestScale, scales[j]);
            greatestMin = Math.max(greatestMin, mins[j]);
        }
        float toScale = greatestScale > 0 ? SCALE_MOST / greatestScale : 0;
        float toMin = greatestMin > 0 ? SCALE_MOST / greatestMin : 0;
        MemorySegment block = to.asSlice(at, LARGE / 2 + BlockLayout.Q4_K_NUMBERS);
        block.fill((byte) 0);
        block.set(SHORT, BlockLayout.Q4_K_SCALE, Float.floatToFloat16(greatestScale / SCALE_MOST));
        block.set(SHORT, BlockLayout.Q4_K_MIN_SCALE, Float.floatToFloat16(greatestMin / SCALE_MOST));
        for (int j = 0; j < Q4_K_SCALED; j++) {
            int scale = Math.min(SCALE_MOST, nearest(toScale * scales[j]));
            int min = Math.min(SCALE_MOST, nearest(toMin * mins[j]));
            setScales(block, j, scale, min);
        }
        float d = BlockLayout.half(block, BlockLayout.Q4_K_SCALE);
        float dmin = BlockLayout.half(block, BlockLayout.Q4_K_MIN_SCALE);
        for (int j = 0; j < Q4_K_SCALED; j++) {
            float scale = d * BlockLayout.scaleOfQ4K(block, 0, j);
            float min = dmin * BlockLayout.minOfQ4K(block, 0, j);
            for (int i = 0; i < SMALL; i++) {
                int q = scale == 0 ? 0 : Math.clamp(nearest((x[j * SMALL + i] + min) / scale), 0, Q4_MOST);
                or(block, BlockLayout.Q4_K_NUMBERS + j / 2 * SMALL + i, q << (j % 2 * 4));
            }
        }
    }

    private static void setScales(MemorySegment block, int j, int scale, int min) {
        long scales = BlockLayout.Q4_K_SCALES;
        if (j < 4) {
            or(block, scales + j, scale);
            or(block, scales + j + 4, min);
        } else {
            or(block, scales + j + 4, (scale & 15) | ((min & 15) << 4));
            or(block, scales + j - 4, scale >> 4 << 6);
            or(block, scales + j, min >> 4 << 6);
        }
    }

    static void writeQ6K(float[] x, MemorySegment to, long at) {
        float[] scales = new float[LARGE / Q6_K_GROUP];
        float extreme = 0;
        for (int j = 0; j < scales.length; j++) {
            scales[j] = ScaleSearch.scale(x, j * Q6_K_GROUP, Q6_K_GROUP, Q6_STEPS);
            if (Math.abs(scales[j]) > Math.abs(extreme)) {
                extreme = scales[j];
            }
        }
        MemorySegment block = to.asSlice(at, BlockLayout.Q6_K_SCALE + 2);
        block.fill((byte) 0);
        if (Math.abs(extreme) < NOTHING) {
            return;
        }
        float toScale = -Q6_SCALE_STEPS / extreme;
        block.set(SHORT, BlockLayout.Q6_K_SCALE, Float.floatToFloat16(1 / toScale));
        float d = BlockLayout.half(block, BlockLayout.Q6_K_SCALE);
        for (int j = 0; j < scales.length; j++) {
            byte stored = (byte) Math.min(Q6_SCALE_MOST, nearest(toScale * scales[j]));
            block.set(ValueLayout.JAVA_BYTE, BlockLayout.Q6_K_SCALES + j, stored);
            float scale = d * stored;
            for (int i = j * Q6_K_GROUP; i < (j + 1) * Q6_K_GROUP; i++) {
                int q = scale == 0 ? 0 : Math.clamp(nearest(x[i] / scale), -Q6_STEPS, Q6_STEPS - 1);
                setQ6(block, i, q + BlockLayout.Q6_K_ZERO);
            }
        }
    }

    private static void setQ6(MemorySegment block, int i, int q) {
        int half = i / 128;
        or(block, BlockLayout.Q6_K_LOW + half * 64 + i % 64, i % 128 < 64 ? q & 15 : (q & 15) << 4);
        or(block, BlockLayout.Q6_K_HIGH + half * 32 + i % 32, q >> 4 << (i % 128 / 32 * 2));
    }

    private static void or(MemorySegment block, long at, int bits) {
        block.set(ValueLayout.JAVA_BYTE, at, (byte) (BlockLayout.unsigned(block, at) | bits));
    }

    /** To the nearest integer, ties to even. */
    static int nearest(float value) {
        return (int) Math.rint(value);
    }
}
