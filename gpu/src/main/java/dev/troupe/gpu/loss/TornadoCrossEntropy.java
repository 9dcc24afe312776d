package dev.troupe.gpu.loss;

import static dev.troupe.model.kernel.KernelArguments.requireIndices;
import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.kernel.loss.CrossEntropy;
import dev.troupe.model.tensor.Tensor;
import java.util.List;

/** Softmax and cross-entropy on the device. */
public final class TornadoCrossEntropy implements CrossEntropy {
    private final DeviceMemory memory;

    public TornadoCrossEntropy(DeviceMemory memory) {
        this.memory = memory;
    }

    /** What this operation launches. */
    public static List<DeviceKernel> kernels() {
        return List.of(CrossEntropyKernel.CROSS_ENTROPY);
    }

    @Override
    public void forward(int rows, int vocab, Tensor logits, int[] targets, Tensor losses) {
        check(rows, vocab, logits, targets, losses);
        memory.launch(new Launch(CrossEntropyKernel.CROSS_ENTROPY)
                .groups(rows, 1)
                .put(vocab)
                .read(logits)
                .update(losses)
                .put(false)
                .indices(targets, rows)
                .floats(1));
    }

    @Override
    public void forwardBackward(int rows, int vocab, Tensor logits, int[] targets, float scale, Tensor losses) {
        check(rows, vocab, logits, targets, losses);
        memory.launch(new Launch(CrossEntropyKernel.CROSS_ENTROPY)
                .groups(rows, 1)
                .put(vocab)
                .update(logits)
                .update(losses)
                .put(true)
                .indices(targets, rows)
                .floats(scale));
    }

    private static void check(int rows, int vocab, Tensor logits, int[] targets, Tensor losses) {
        requireMatrix("logits", logits, rows, vocab, vocab);
        requireSize("losses", losses, rows);
        requireIndices("targets", targets, rows, IGNORE, vocab);
    }
}
