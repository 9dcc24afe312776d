package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rows of several matrices in pieces are those of all at once, in the order of the model, in any type. */
class StoredRowsTest {
    private static final int K = 64;

    private static StoredTensor floats(Arena arena, int rows, int seed) {
        MemorySegment bytes = arena.allocate(4L * rows * K, 4);
        for (int i = 0; i < rows * K; i++) {
            bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, (i * 31 + seed) % 101 - 50);
        }
        return new StoredTensor("w" + seed, StorageType.F32, rows, K, bytes, row -> rows - 1 - row);
    }

    private static final SegmentAllocator NO_ROOM = (bytes, alignment) -> {
        throw new AssertionError("nothing is to be copied");
    };

    @Test
    void piecesAreRowsOfTheWhole() {
        try (Arena arena = Arena.ofShared()) {
            List<StoredTensor> parts = List.of(floats(arena, 3, 1), floats(arena, 70, 2), floats(arena, 5, 3));
            for (StorageType type : List.of(StorageType.F32, StorageType.Q8_0)) {
                StoredRows rows = new StoredRows(type, parts);
                MemorySegment expected = arena.allocate(78 * rows.rowBytes());
                long at = 0;
                for (StoredTensor part : parts) {
                    for (int row = 0; row < part.rows(); row++, at += rows.rowBytes()) {
                        MemorySegment plain = part.row(row);
                        MemorySegment to = expected.asSlice(at, rows.rowBytes());
                        if (type == StorageType.F32) {
                            to.copyFrom(plain);
                        } else {
                            Quantization.write(type, K, plain, to);
                        }
                    }
                }
                MemorySegment whole = arena.allocate(expected.byteSize());
                rows.writeTo(whole);
                assertThat(rows.n()).isEqualTo(78);
                assertThat(whole.mismatch(expected)).isEqualTo(-1);
                for (int[] piece : new int[][] {{0, 1}, {2, 3}, {0, 78}, {60, 18}, {72, 6}, {77, 1}}) {
                    MemorySegment read = rows.read(piece[0], piece[1], arena);
                    assertThat(read.mismatch(expected.asSlice(piece[0] * rows.rowBytes(), piece[1] * rows.rowBytes())))
                            .as("%d rows from %d in %s", piece[1], piece[0], type)
                            .isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void whatLiesTogetherIsReadWhereItLies() {
        try (Arena arena = Arena.ofShared()) {
            StoredTensor turned = floats(arena, 4, 1);
            MemorySegment bytes = floats(arena, 10, 2).bytes();
            StoredTensor swapped =
                    new StoredTensor("swapped", StorageType.F32, 10, K, bytes, row -> row < 6 ? (row + 3) % 6 : row);
            StoredRows rows = new StoredRows(StorageType.F32, List.of(turned, swapped));
            MemorySegment room = arena.allocate(10 * rows.rowBytes());
            MemorySegment lying = rows.read(5, 2, NO_ROOM);
            assertThat(lying.address()).isEqualTo(bytes.address() + 4 * rows.rowBytes());
            assertThat(lying.byteSize()).isEqualTo(2 * rows.rowBytes());
            assertThat(rows.read(10, 4, NO_ROOM).address()).isEqualTo(bytes.address() + 6 * rows.rowBytes());
            for (int[] piece : new int[][] {{0, 2}, {3, 2}, {6, 3}, {9, 2}}) {
                MemorySegment copied = rows.read(piece[0], piece[1], SegmentAllocator.prefixAllocator(room));
                assertThat(copied.address())
                        .as("%d rows from %d", piece[1], piece[0])
                        .isEqualTo(room.address());
                for (int i = 0; i < piece[1]; i++) {
                    int row = piece[0] + i;
                    MemorySegment stored = row < 4 ? turned.row(row) : swapped.row(row - 4);
                    assertThat(copied.asSlice(i * rows.rowBytes(), rows.rowBytes())
                                    .mismatch(stored))
                            .isEqualTo(-1);
                }
            }
        }
    }
}
