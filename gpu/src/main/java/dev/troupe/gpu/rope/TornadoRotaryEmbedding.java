package dev.troupe.gpu.rope;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.kernel.rope.RotaryArguments;
import dev.troupe.model.kernel.rope.RotaryEmbedding;
import dev.troupe.model.tensor.Tensor;
import java.util.List;

/** Rotary embedding on the device. */
public final class TornadoRotaryEmbedding implements RotaryEmbedding {
    private final DeviceMemory memory;

    public TornadoRotaryEmbedding(DeviceMemory memory) {
        this.memory = memory;
    }

    /** What this operation launches. */
    public static List<DeviceKernel> kernels() {
        return List.of(RotaryKernel.ROTATE);
    }

    @Override
    public void rotate(
            int rows, int numHeads, int headDim, Tensor x, int stride, int[] positions, Tensor table, boolean inverse) {
        RotaryArguments.check(rows, numHeads, headDim, x, stride, positions, table);
        memory.launch(new Launch(RotaryKernel.ROTATE)
                .items((long) rows * numHeads * headDim / 2)
                .put(numHeads, headDim)
                .update(x)
                .put(stride)
                .read(table)
                .put(inverse)
                .put(rows)
                .indices(positions, rows));
    }
}
