package dev.troupe.gpu.optimizer;

import static dev.troupe.model.kernel.KernelArguments.requireRange;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.kernel.optimizer.AdamWUpdate;
import dev.troupe.model.tensor.Tensor;
import java.util.List;

/** AdamW on the device. */
public final class TornadoAdamWUpdate implements AdamWUpdate {
    private final DeviceMemory memory;

    public TornadoAdamWUpdate(DeviceMemory memory) {
        this.memory = memory;
    }

    /** What this operation launches. */
    public static List<DeviceKernel> kernels() {
        return List.of(AdamWKernel.ADAM_W);
    }

    @Override
    public void update(
            Step step, long from, long to, Tensor weights, Tensor gradients, Tensor moment1, Tensor moment2) {
        requireRange(from, to);
        requireSize("weights", weights, to);
        requireSize("gradients", gradients, to);
        requireSize("moment1", moment1, to);
        requireSize("moment2", moment2, to);
        memory.launch(new Launch(AdamWKernel.ADAM_W)
                .items(to - from)
                .put((int) (to - from), (int) from)
                .update(weights)
                .read(gradients)
                .update(moment1)
                .update(moment2)
                .floats(
                        (float) step.gradientScale(),
                        (float) step.beta1(),
                        (float) (1 - step.beta1()),
                        (float) step.beta2(),
                        (float) (1 - step.beta2()),
                        (float) (1 / (1 - Math.pow(step.beta1(), (double) step.step()))),
                        (float) (1 / (1 - Math.pow(step.beta2(), (double) step.step()))),
                        (float) step.epsilon(),
                        (float) (1 - step.learningRate() * step.weightDecay()),
                        (float) step.learningRate()));
    }
}
