package dev.troupe.gpu;

import dev.troupe.gpu.limits.DeviceLimits;
import dev.troupe.model.kernel.KernelDevice;
import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import java.util.Optional;

/**
 * Kernels for GPUs through TornadoVM. This class names no type of TornadoVM's, so it loads where there is none; it
 * ranks above the processor's kernels only where TornadoVM's default device is a GPU.
 */
public final class TornadoKernelProvider implements KernelProvider {
    private static final int RANK_OF_A_GPU = 20;
    private static final int RANK_OF_ANOTHER_DEVICE = 5;

    @Override
    public String name() {
        return "tornado";
    }

    @Override
    public int rank() {
        return unavailable().isEmpty() && SharedDevice.isGpu() ? RANK_OF_A_GPU : RANK_OF_ANOTHER_DEVICE;
    }

    @Override
    public Optional<String> unavailable() {
        boolean started = System.getProperty("tornado.load.api.implementation") != null
                && ModuleLayer.boot().findModule("tornado.runtime").isPresent();
        if (!started) {
            String home = System.getenv("TORNADOVM_HOME");
            return Optional.of(
                    home == null || home.isBlank()
                            ? "TornadoVM is not installed: set TORNADOVM_HOME to an SDK of version 5.2 for JDK 25 and start"
                                    + " through ./troupe (README, \"GPU\")"
                            : "TORNADOVM_HOME is set, but Java was not started with @" + home
                                    + "/tornado-argfile: start through ./troupe (README, \"GPU\")");
        }
        // Otherwise a kernel that cannot be compiled runs as plain Java, slowly and without a word.
        if (!"False".equalsIgnoreCase(System.getProperty("tornado.recover.bailout"))) {
            return Optional.of("start Java with -Dtornado.recover.bailout=False");
        }
        return SharedDevice.problem();
    }

    @Override
    public Optional<KernelDevice> device() {
        return Optional.of(new DeviceLimits(SharedDevice.memory()));
    }

    /** The device works on its own; {@code pool} is not used. */
    @Override
    public Kernels create(ComputePool pool) {
        return DeviceKernels.create(name(), SharedDevice.memory());
    }
}
