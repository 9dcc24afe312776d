package dev.troupe.model.kernel.attention;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KvBlocksTest {
    private static final AttentionShape SHAPE = new AttentionShape(4, 2, 40);
    private static final int BLOCKS = 5;

    @ParameterizedTest
    @EnumSource(
            value = StorageType.class,
            names = {"F32", "BF16", "F16", "Q8_0"})
    void blocksOfLayersLieSideBySideAndFillTheirMemory(StorageType type) {
        try (TensorArena arena = TensorArena.open("test")) {
            List<KvBlocks> layers = KvBlocks.ofLayers(3, SHAPE, type, BLOCKS, arena);
            long blockBytes = KvBlocks.blockBytes(SHAPE.numKvHeads(), SHAPE.headDim(), type);
            List<Long> starts = new ArrayList<>();
            for (int block = 0; block < BLOCKS; block++) {
                for (KvBlocks layer : layers) {
                    assertThat(layer.keyOffset(block, 0)).isEqualTo(starts.size() / 4 * blockBytes);
                    for (int head = 0; head < SHAPE.numKvHeads(); head++) {
                        starts.add(layer.keyOffset(block, head));
                        starts.add(layer.valueOffset(block, head));
                    }
                }
            }
            long section = blockBytes / 4;
            for (int i = 0; i < starts.size(); i++) {
                assertThat(starts.get(i)).isEqualTo(i * section);
            }
            assertThat(layers.getFirst().data().segment().byteSize()).isEqualTo(starts.size() * section);
            assertThat(layers).allMatch(KvBlocks::sharesMemory);
            assertThat(new KvBlocks(SHAPE, type, BLOCKS, arena).sharesMemory()).isFalse();
        }
    }
}
