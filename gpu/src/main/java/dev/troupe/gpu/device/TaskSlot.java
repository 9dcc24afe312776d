package dev.troupe.gpu.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
    /** Float arguments of an ordinary kernel. */
    static final int SMALL_FLOATS = 16;

    private static final String TASK = "run";

    /** Which way the float arguments go. */
    enum Floats {
        TO_DEVICE,
        TO_HOST
    }

    private final String graph;
    private final DeviceKernel kernel;
    private final Floats direction;
    private final FloatArray floats;
    private final IntArray ints;
    private final WorkerGrid2D grid;

    /** Set while the device may still be reading the arguments of the last call. */
    private boolean inFlight;

    TaskSlot(String graph, DeviceKernel kernel, Floats direction, int numFloats, int numInts, Arena arena) {
        this.graph = graph;
        this.kernel = kernel;
        this.direction = direction;
        this.floats = FloatArray.fromSegmentShallow(memory(arena, numFloats));
        this.ints = IntArray.fromSegmentShallow(memory(arena, numInts));
        this.grid = new WorkerGrid2D(kernel.localX(), kernel.localY());
        grid.setLocalWork(kernel.localX(), kernel.localY(), 1);
    }

    /** The graph that allocates the heap when it is run, for others to use. */
    ImmutableTaskGraph owner(FloatArray heap) {
        return task(begin(new TaskGraph(graph)), heap).persistOnDevice(heap).snapshot();
    }

    /** A graph that uses the heap of {@code owner}. */
    ImmutableTaskGraph user(String owner, FloatArray heap) {
        TaskGraph made = task(begin(new TaskGraph(graph).consumeFromDevice(owner, heap)), heap);
        if (direction == Floats.TO_HOST) {
            made = made.transferToHost(DataTransferMode.EVERY_EXECUTION, floats);
        }
        return made.snapshot();
    }

    private TaskGraph begin(TaskGraph made) {
        return direction == Floats.TO_DEVICE
                ? made.transferToDevice(DataTransferMode.EVERY_EXECUTION, floats, ints)
                : made.transferToDevice(DataTransferMode.EVERY_EXECUTION, ints);
    }

    private TaskGraph task(TaskGraph made, FloatArray heap) {
        return made.task(TASK, kernel.body(), new KernelContext(), heap, floats, ints);
    }

    /** Freed with the device, which TornadoVM's own arrays would outlive. */
    private static MemorySegment memory(Arena arena, int elements) {
        return arena.allocate(TornadoNativeArray.ARRAY_HEADER + 4L * elements, 64);
    }

    /** Name of the task in a grid scheduler. */
    String task() {
        return graph + "." + TASK;
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
