package dev.troupe.gpu.limits;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.kernel.KernelDevice;
import java.util.List;

/** Measures a device with kernels that do nothing but one thing. The best of some rounds counts. */
public final class DeviceLimits implements KernelDevice {
    private static final int ROUNDS = 10;
    private static final int WARM_UP = 3;

    /** Work is made longer until a round takes this much: launching must not count. */
    private static final double LEAST_SECONDS = 0.02;

    private static final int MULTIPLY_ADD_ITEMS = 1 << 18;
    private static final int READERS = 1 << 16;
    private static final long MOST_ELEMENTS = 1L << 28;

    private final DeviceMemory memory;

    public DeviceLimits(DeviceMemory memory) {
        this.memory = memory;
    }

    /** What measuring launches. */
    public static List<DeviceKernel> kernels() {
        return List.of(LimitKernels.MULTIPLY_ADD, LimitKernels.READ, LimitKernels.UPDATE);
    }

    @Override
    public String description() {
        return memory.description();
    }

    @Override
    public void await() {
        memory.await();
    }

    @Override
    public Limits measure() {
        return new Limits(gflops(), readGigabytes(), updateGigabytes());
    }

    private double gflops() {
        try (DeviceMemory.Scratch sums = memory.scratch(MULTIPLY_ADD_ITEMS)) {
            int steps = 64;
            while (true) {
                double seconds = best(new Launch(LimitKernels.MULTIPLY_ADD)
                        .items(MULTIPLY_ADD_ITEMS)
                        .put(steps, sums.address())
                        .floats(0.999f, 0.001f));
                if (seconds >= LEAST_SECONDS || steps > 1 << 24) {
                    return 2.0 * LimitKernels.CHAINS * steps * MULTIPLY_ADD_ITEMS / seconds / 1e9;
                }
                steps *= 2;
            }
        }
    }

    private double readGigabytes() {
        int each = (int) (elements() / READERS / 4 * 4);
        try (DeviceMemory.Scratch data = memory.scratch((long) each * READERS);
                DeviceMemory.Scratch sums = memory.scratch(READERS)) {
            double seconds = best(
                    new Launch(LimitKernels.READ).items(READERS).put(data.address(), each, READERS, sums.address()));
            return 4.0 * each * READERS / seconds / 1e9;
        }
    }

    private double updateGigabytes() {
        int count = (int) elements();
        try (DeviceMemory.Scratch data = memory.scratch(count)) {
            double seconds = best(new Launch(LimitKernels.UPDATE)
                    .items(count)
                    .put(data.address(), count)
                    .floats(0.999f, 0.001f));
            return 8.0 * count / seconds / 1e9;
        }
    }

    /** Half of what is free, as memory that is in no cache. */
    private long elements() {
        return Math.min(MOST_ELEMENTS, memory.freeElements() / 2);
    }

    private double best(Launch launch) {
        double best = Double.MAX_VALUE;
        for (int round = 0; round < WARM_UP + ROUNDS; round++) {
            memory.await();
            long start = System.nanoTime();
            memory.launch(launch);
            memory.await();
            double seconds = (System.nanoTime() - start) / 1e9;
            if (round >= WARM_UP) {
                best = Math.min(best, seconds);
            }
        }
        return best;
    }
}
