package dev.troupe.model.kernel.quantized;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Which processor it is decides how many panels a row goes through in turns; the bits are the same. */
class BytePanelsTest {
    private static final int PANELS = 4;
    private static final int K = 160;

    @Test
    void panelsInTurnsGiveTheBitsOfOneAfterTheOther() {
        BytePanels one = new BytePanels(1);
        BytePanels four = new BytePanels(PANELS);
        assertThat(one.most()).isEqualTo(1);
        assertThat(four.most()).isEqualTo(PANELS);
        try (TensorArena arena = TensorArena.open("test")) {
            Tensor rows = TestTensors.normal(arena, 1, PANELS * PanelFormat.COLUMNS, K);
            Tensor a = TestTensors.normal(arena, 2, K);
            long rowBytes = StorageType.Q8_0.bytes(K);
            MemorySegment stored = arena.allocateBytes((long) PANELS * PanelFormat.COLUMNS * rowBytes);
            Quantization.write(StorageType.Q8_0, rows.size(), rows.segment(), stored);
            MemorySegment packed = arena.allocateBytes(PANELS * one.bytes(K));
            for (int p = 0; p < PANELS; p++) {
                one.pack(
                        PanelFormat.COLUMNS,
                        K,
                        stored.asSlice((long) p * PanelFormat.COLUMNS * rowBytes),
                        packed.asSlice(p * one.bytes(K), one.bytes(K)));
            }
            int sums = (int) (PanelFormat.SUMS / Float.BYTES);
            Tensor inTurns = arena.allocate(PANELS, sums);
            Tensor alone = arena.allocate(PANELS, sums);
            Tensor table = arena.allocate(1 << 12);
            four.multiply(
                    PANELS, K, a.address(), packed.address(), one.bytes(K), table.address(), 0, inTurns.address());
            for (int p = 0; p < PANELS; p++) {
                long panel = packed.address() + p * one.bytes(K);
                one.multiply(1, K, a.address(), panel, 0, table.address(), 0, alone.address() + p * PanelFormat.SUMS);
            }
            assertThat(inTurns.toArray()).isEqualTo(alone.toArray()).doesNotContain(0);
        }
    }
}
