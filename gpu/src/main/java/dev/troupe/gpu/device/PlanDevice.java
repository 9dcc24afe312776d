package dev.troupe.gpu.device;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A device behind one TornadoVM execution plan. Each kernel is a task graph of the plan; the heap is allocated by the
 * first of them and consumed by all others, so it never leaves the device. One thread builds, warms up and runs the
 * plan, and frees it.
 *
 * <p>TornadoVM may still be reading the host's argument arrays when a launch returns, so before a kernel's arrays are
 * written again the device is waited for.
 */
public final class PlanDevice implements Device {
    /** Integers that an indexed kernel can take, beside {@link DeviceKernel#SMALL_INTS}: a graph for each. */
    private static final int[] INDEX_SIZES = {1 << 14, 1 << 20};

    /** Elements that a transfer moves at once: a graph for each. */
    private static final int[] TRANSFER_SIZES = {1 << 10, 1 << 15, 1 << 20};

    /** Precise arithmetic: the default relaxes it, and with it what rounding and infinities do. */
    private static final String COMPILER_FLAGS = "-w";

    private final DeviceThread thread = new DeviceThread("troupe-device");
    private final Arena arena = Arena.ofShared();
    private final List<TaskSlot> slots = new ArrayList<>();
    private final Map<DeviceKernel, List<Integer>> slotsOf = new HashMap<>();
    private final int heapElements;
    private final TornadoExecutionPlan plan;
    private final TornadoDevice device;

    private PlanDevice(int heapElements, List<DeviceKernel> kernels) {
        this.heapElements = heapElements;
        FloatArray heap = FloatArray.fromSegmentShallow(untouchedMemory(heapElements));
        List<ImmutableTaskGraph> graphs = new ArrayList<>();
        TaskSlot owner = slot(TransferKernels.ZERO, TaskSlot.Floats.TO_DEVICE, TaskSlot.SMALL_FLOATS);
        graphs.add(owner.owner(heap));
        slotsOf.clear(); // a later call of this kernel must not allocate again
        String ownerGraph = "g0";
        for (DeviceKernel kernel : kernels) {
            graphs.add(slot(kernel, TaskSlot.Floats.TO_DEVICE, TaskSlot.SMALL_FLOATS)
                    .user(ownerGraph, heap));
            if (kernel.indexed()) {
                for (int size : INDEX_SIZES) {
                    graphs.add(slot(kernel, TaskSlot.Floats.TO_DEVICE, TaskSlot.SMALL_FLOATS, size)
                            .user(ownerGraph, heap));
                }
            }
        }
        for (int size : TRANSFER_SIZES) {
            graphs.add(
                    slot(TransferKernels.LOAD, TaskSlot.Floats.TO_DEVICE, size).user(ownerGraph, heap));
            graphs.add(
                    slot(TransferKernels.STORE, TaskSlot.Floats.TO_HOST, size).user(ownerGraph, heap));
        }
        this.plan = new TornadoExecutionPlan(graphs.toArray(new ImmutableTaskGraph[0]));
        this.device = plan.getDevice(0);
    }

    /**
     * Opens the default device.
     *
     * @param heapElements elements that all tensors on the device may have together
     * @param kernels what will be launched
     * @throws TroupeException when the device does not have as much memory in one piece
     */
    public static PlanDevice open(int heapElements, List<DeviceKernel> kernels) {
        PlanDevice made = new PlanDevice(heapElements, kernels);
        made.thread.await(made::warmUp);
        return made;
    }

    @Override
    public String description() {
        return device.getDeviceType() + " " + device.getDescription();
    }

    @Override
    public int heapElements() {
        return heapElements;
    }

    @Override
    public void launch(Launch launch) {
        if (launch.globalX() > 0 && launch.globalY() > 0) {
            thread.start(() -> run(fitting(launch.kernel(), launch.numInts()), launch));
        }
    }

    @Override
    public void upload(MemorySegment from, int to, long count) {
        thread.await(() -> {
            for (long done = 0; done < count; ) {
                int number = transfer(TransferKernels.LOAD, count - done);
                TaskSlot slot = slots.get(number);
                int chunk = (int) Math.min(count - done, slot.floats().getSize());
                beforeArguments(slot);
                MemorySegment.copy(from, 4 * done, slot.floats().getSegment(), 0, 4L * chunk);
                run(number, new Launch(TransferKernels.LOAD).items(chunk).put(to + (int) done, chunk));
                done += chunk;
            }
        });
    }

    @Override
    public void download(int from, MemorySegment to, long count) {
        thread.await(() -> {
            for (long done = 0; done < count; ) {
                int number = transfer(TransferKernels.STORE, count - done);
                TaskSlot slot = slots.get(number);
                int chunk = (int) Math.min(count - done, slot.floats().getSize());
                run(number, new Launch(TransferKernels.STORE).items(chunk).put(from + (int) done, chunk));
                MemorySegment.copy(slot.floats().getSegment(), 0, to, 4 * done, 4L * chunk);
                done += chunk;
            }
        });
    }

    @Override
    public void close() {
        thread.close(() -> {
            try {
                device.sync(plan.getId());
                plan.withAllGraphs().close();
            } catch (TornadoExecutionPlanException e) {
                throw new IllegalStateException("the device's memory could not be freed", e);
            }
        });
        arena.close();
    }

    /** Allocates the heap, on the thread that runs everything after it. */
    private void warmUp() {
        GridScheduler grids = new GridScheduler();
        for (TaskSlot slot : slots) {
            grids.addWorkerGrid(slot.task(), slot.grid());
        }
        plan.withGridScheduler(grids);
        plan.withCompilerFlags(TornadoVMBackendType.OPENCL, COMPILER_FLAGS);
        run(0, new Launch(TransferKernels.ZERO).items(1).put(0, 1));
    }

    private void run(int number, Launch launch) {
        TaskSlot slot = slots.get(number);
        beforeArguments(slot);
        launch.copyArguments(slot.floats(), slot.ints());
        slot.grid().setGlobalWork(launch.globalX(), launch.globalY(), 1);
        plan.withGraph(number).execute();
        slot.setInFlight(true);
    }

    private void beforeArguments(TaskSlot slot) {
        if (slot.inFlight()) {
            device.sync(plan.getId());
            slots.forEach(s -> s.setInFlight(false));
        }
    }

    private TaskSlot slot(DeviceKernel kernel, TaskSlot.Floats direction, int numFloats) {
        return slot(kernel, direction, numFloats, DeviceKernel.SMALL_INTS);
    }

    private TaskSlot slot(DeviceKernel kernel, TaskSlot.Floats direction, int numFloats, int numInts) {
        TaskSlot slot = new TaskSlot("g" + slots.size(), kernel, direction, numFloats, numInts, arena);
        slotsOf.computeIfAbsent(kernel, k -> new ArrayList<>()).add(slots.size());
        slots.add(slot);
        return slot;
    }

    private int fitting(DeviceKernel kernel, int numInts) {
        List<Integer> numbers = slotsOf.get(kernel);
        if (numbers == null) {
            throw new IllegalArgumentException("kernel " + kernel.name() + " is not part of the plan");
        }
        for (int number : numbers) {
            if (slots.get(number).ints().getSize() >= numInts) {
                return number;
            }
        }
        throw new TroupeException("kernel " + kernel.name() + " takes at most "
                + slots.get(numbers.getLast()).ints().getSize() + " integers, not " + numInts
                + ": use a smaller batch");
    }

    /** The smallest transfer that takes all of {@code count}, or the largest there is. */
    private int transfer(DeviceKernel kernel, long count) {
        List<Integer> numbers = slotsOf.getOrDefault(kernel, List.of());
        for (int number : numbers) {
            if (slots.get(number).floats().getSize() >= count) {
                return number;
            }
        }
        return numbers.getLast();
    }

    /**
     * What TornadoVM takes for the host's side of the heap, which is never read or written: a sparse file that has no
     * name, so that no memory is spent on it. The first bytes are the array's header.
     */
    private MemorySegment untouchedMemory(int elements) {
        try {
            Path file = Files.createTempFile("troupe-heap", null);
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
                long bytes = TornadoNativeArray.ARRAY_HEADER + elements * ValueLayout.JAVA_FLOAT.byteSize();
                return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("no temporary file for the device's heap", e);
        }
    }
}
