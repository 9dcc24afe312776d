package dev.troupe.gpu;

import dev.troupe.gpu.device.PlanDevice;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.TroupeException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;

/**
 * TornadoVM's default device, opened once by whoever needs it first and shared by all kernels of the process, so that
 * training, evaluation and serving see the same tensors on it. It is freed with the process; what tensors hold of it is
 * freed with their arenas.
 */
final class SharedDevice {
    /** Size of the heap in MiB; the default is most of what the device gives in one piece. */
    static final String HEAP_PROPERTY = "troupe.gpu.heap-mib";

    private static final Logger LOG = LoggerFactory.getLogger(SharedDevice.class);
    private static final double SHARE_OF_MEMORY = 0.8;

    private static @Nullable DeviceMemory memory;

    private SharedDevice() {}

    /** Why there is no device, or empty when there is one. */
    static Optional<String> problem() {
        try {
            TornadoDevice device = device();
            return device.getMaxAllocMemory() > 0
                    ? Optional.empty()
                    : Optional.of("TornadoVM's default device has no memory: " + device.getDescription());
        } catch (RuntimeException | LinkageError e) {
            return Optional.of("TornadoVM finds no device: " + e);
        }
    }

    static boolean isGpu() {
        return device().getDeviceType() == TornadoDeviceType.GPU;
    }

    static synchronized DeviceMemory memory() {
        DeviceMemory open = memory;
        if (open == null) {
            PlanDevice device = PlanDevice.open(heapElements(), DeviceKernels.all());
            LOG.info("kernels run on {} with a heap of {} MiB", device.description(), device.heapElements() >> 18);
            open = new DeviceMemory(device);
            memory = open;
        }
        return open;
    }

    /** Arrays are indexed by int, so a heap has at most 2^31 - 1 elements: 8 GiB. */
    static int heapElements() {
        String asked = System.getProperty(HEAP_PROPERTY);
        long bytes;
        if (asked == null) {
            TornadoDevice device = device();
            bytes = Math.min(device.getMaxAllocMemory(), (long) (SHARE_OF_MEMORY * device.getMaxGlobalMemory()));
        } else {
            try {
                bytes = Math.multiplyExact(Long.parseLong(asked), 1L << 20);
            } catch (NumberFormatException | ArithmeticException e) {
                throw new TroupeException(HEAP_PROPERTY + " is not a number of MiB: " + asked, e);
            }
        }
        return Math.clamp(bytes / Float.BYTES, 1 << 18, Integer.MAX_VALUE - 1024);
    }

    private static TornadoDevice device() {
        return TornadoExecutionPlan.getDevice(0, 0);
    }
}
