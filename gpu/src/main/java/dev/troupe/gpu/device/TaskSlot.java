package dev.troupe.gpu.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** A task graph of one kernel, with arrays of its own that carry the arguments of a call to the device. */
final class TaskSlot {
    private static final String TASK = "run";

    /** What comes back to the host. */
    enum Result {
        NONE,
        /** The float arguments, which then do not go to the device. */
        FLOATS,
        INTS
    }

    /** The arrays of the two heaps, and the graphs that allocate them. */
    record Heaps(FloatArray floats, String floatsOwner, IntArray words, String wordsOwner) {}

    private final String graph;
    private final DeviceKernel kernel;
    private final Result result;
    private final FloatArray floats;
    private final IntArray ints;
    private final WorkerGrid2D grid;

    /** Set while the device may still be reading the arguments of the last call. */
    private boolean inFlight;

    TaskSlot(String graph, DeviceKernel kernel, Result result, int numFloats, int numInts, Arena arena) {
        this.graph = graph;
        this.kernel = kernel;
        this.result = result;
        this.floats = FloatArray.fromSegmentShallow(memory(arena, numFloats));
        this.ints = IntArray.fromSegmentShallow(memory(arena, numInts));
        this.grid = new WorkerGrid2D(kernel.localX(), kernel.localY());
        grid.setLocalWork(kernel.localX(), kernel.localY(), 1);
    }

    /**
     * A graph that uses the heaps, and allocates {@code owned} when it is run. TornadoVM hands what is on the device
     * from each graph to the one that is run next, so every graph names both heaps, whatever its kernel takes.
     */
    ImmutableTaskGraph graph(Heaps heaps, @Nullable Heap owned) {
        TaskGraph made = new TaskGraph(graph);
        if (owned == Heap.WORDS) {
            made = made.consumeFromDevice(heaps.floatsOwner(), heaps.floats());
        } else if (owned == null) {
            made = made.consumeFromDevice(heaps.wordsOwner(), heaps.floats(), heaps.words());
        }
        made = result == Result.FLOATS
                ? made.transferToDevice(DataTransferMode.EVERY_EXECUTION, ints)
                : made.transferToDevice(DataTransferMode.EVERY_EXECUTION, floats, ints);
        made = task(made, heaps);
        if (result != Result.NONE) {
            made = made.transferToHost(DataTransferMode.EVERY_EXECUTION, result == Result.FLOATS ? floats : ints);
        }
        if (owned != null) {
            made = made.persistOnDevice(owned == Heap.FLOATS ? heaps.floats() : heaps.words());
        }
        return made.snapshot();
    }

    private TaskGraph task(TaskGraph made, Heaps heaps) {
        if (kernel.wordBody() != null) {
            return made.task(TASK, kernel.wordBody(), new KernelContext(), heaps.floats(), heaps.words(), floats, ints);
        }
        return made.task(
                TASK, Objects.requireNonNull(kernel.body()), new KernelContext(), heaps.floats(), floats, ints);
    }

    /** Freed with the device, which TornadoVM's own arrays would outlive. */
    private static MemorySegment memory(Arena arena, int elements) {
        return arena.allocate(TornadoNativeArray.ARRAY_HEADER + 4L * elements, 64);
    }

    /** Name of the task in a grid scheduler. */
    String task() {
        return graph + "." + TASK;
    }

    String graphName() {
        return graph;
    }

    DeviceKernel kernel() {
        return kernel;
    }

    WorkerGrid2D grid() {
        return grid;
    }

    FloatArray floats() {
        return floats;
    }

    IntArray ints() {
        return ints;
    }

    boolean inFlight() {
        return inFlight;
    }

    void setInFlight(boolean inFlight) {
        this.inFlight = inFlight;
    }
}
