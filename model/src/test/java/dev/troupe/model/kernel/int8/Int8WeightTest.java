package dev.troupe.model.kernel.int8;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.kernel.quantized.Dequantization;
import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Weights are rounded as the definition says, wherever their rows lie in a panel and however long they are. */
class Int8WeightTest {
    private final TensorArena arena = TensorArena.open("test");
    private final FixedComputePool pool = FixedComputePool.create(2);

    @AfterEach
    void close() {
        pool.close();
        arena.close();
    }

    private void agrees(int n, int k, StorageType type, Tensor numbers) {
        MemorySegment stored = arena.allocateBytes(type.bytes((long) n * k));
        Quantization.write(type, (long) n * k, numbers.readOnlySegment(), stored);
        MemorySegment read = arena.allocateBytes((long) n * k * Float.BYTES);
        Dequantization.read(type, (long) n * k, stored, read);
        Int8Weight weight = Int8Weight.pack(WeightRows.of(type, n, k, stored), pool, arena);
        int depth = Int8Weight.depth(k);
        for (int j = 0; j < Int8Weight.panels(n) * Int8Weight.COLUMNS; j++) {
            float[] row = j < n
                    ? read.asSlice((long) j * k * Float.BYTES, (long) k * Float.BYTES)
                            .toArray(ValueLayout.JAVA_FLOAT)
                    : new float[0];
            float greatest = Int8Rounding.greatest(row);
            float inverse = Int8Rounding.inverse(greatest);
            int sum = 0;
            for (int p = 0; p < depth; p++) {
                int number = p < row.length && inverse != 0 ? Int8Rounding.round(row[p], inverse) : 0;
                sum += number;
                assertThat(weight.number(j, p))
                        .as("%s, row %d, number %d of %d", type, j, p, k)
                        .isEqualTo(number);
            }
            assertThat(weight.shifts().getAtIndex(ValueLayout.JAVA_INT, j)).isEqualTo(Int8Weight.SHIFT * sum);
            if (j < n) {
                assertThat(weight.scale(j)).isEqualTo(Float.valueOf(Int8Rounding.scale(greatest)));
            }
        }
    }

    @Test
    void roundsRowsOfAnyNumberAndLength() {
        for (int n : new int[] {1, 15, 16, 17, 64, 70, 131}) {
            for (int k : new int[] {1, 16, 48, 64, 80, 133, 576}) {
                agrees(n, k, StorageType.F32, TestTensors.normal(arena, n * 1000L + k, n, k));
            }
        }
    }

    @Test
    void roundsRowsOfEightBits() {
        agrees(83, 96, StorageType.Q8_0, TestTensors.normal(arena, 1, 83, 96));
        agrees(16, 64, StorageType.Q8_0, TestTensors.normal(arena, 2, 16, 64));
    }

    @Test
    void rowsOfZerosAndRowsThatAreNotFiniteAreZeros() {
        Tensor numbers = TestTensors.normal(arena, 3, 18, 64);
        for (int p = 0; p < 64; p++) {
            numbers.set(3 * 64 + p, 0);
        }
        numbers.set(5 * 64 + 7, Float.NaN);
        numbers.set(6 * 64 + 8, Float.NEGATIVE_INFINITY);
        numbers.set(17 * 64 + 9, Float.POSITIVE_INFINITY);
        agrees(18, 64, StorageType.F32, numbers);
    }
}
