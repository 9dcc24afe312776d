package dev.troupe.gpu;

import dev.troupe.gpu.device.Heap;
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
    /** Size of the heap of numbers in MiB; by default what the device gives in one piece, if that leaves enough. */
    static final String HEAP_PROPERTY = "troupe.gpu.heap-mib";

    /** Size in MiB of the heap for stored weights, and for keys and values in fewer bits; taken when first used. */
    static final String WORDS_PROPERTY = "troupe.gpu.words-mib";

    private static final Logger LOG = LoggerFactory.getLogger(SharedDevice.class);
    private static final double SHARE_OF_FLOATS = 0.55;
    private static final double SHARE_OF_WORDS = 0.3;

    /** What TornadoVM may use of any device: a number of its own that would stop it at 4 GB. */
    private static final String TORNADO_LIMIT = "tornado.device.memory";

    /** TornadoVM asks for a few bytes more than the elements have, and for less than the greatest piece. */
    private static final long HEADER_ROOM = 1 << 10;

    private static @Nullable DeviceMemory memory;

    static {
        if (System.getProperty(TORNADO_LIMIT) == null) {
            System.setProperty(TORNADO_LIMIT, "1024GB");
        }
    }

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
            PlanDevice device = PlanDevice.open(
                    elements(HEAP_PROPERTY, SHARE_OF_FLOATS),
                    elements(WORDS_PROPERTY, SHARE_OF_WORDS),
                    DeviceKernels.all());
            LOG.info(
                    "kernels run on {} with {} MiB for numbers and {} MiB for stored weights",
                    device.description(),
                    device.elements(Heap.FLOATS) >> 18,
                    device.elements(Heap.WORDS) >> 18);
            open = new DeviceMemory(device);
            memory = open;
        }
        return open;
    }

    /** Arrays are indexed by int, so a heap has at most 2^31 - 1 elements: 8 GiB. */
    private static int elements(String property, double share) {
        String asked = System.getProperty(property);
        long bytes;
        if (asked == null) {
            TornadoDevice device = device();
            bytes = Math.min(device.getMaxAllocMemory() - HEADER_ROOM, (long) (share * device.getMaxGlobalMemory()));
        } else {
            try {
                bytes = Math.multiplyExact(Long.parseLong(asked), 1L << 20);
            } catch (NumberFormatException | ArithmeticException e) {
                throw new TroupeException(property + " is not a number of MiB: " + asked, e);
            }
        }
        return Math.clamp(bytes / Float.BYTES, 1 << 18, Integer.MAX_VALUE - 1024);
    }

    private static TornadoDevice device() {
        return TornadoExecutionPlan.getDevice(0, 0);
    }
}
