package dev.troupe.gpu.device;

import static dev.troupe.gpu.device.DeviceKernel.SMALL_FLOATS;
import static dev.troupe.gpu.device.DeviceKernel.SMALL_INTS;

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
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A device behind one TornadoVM execution plan. Each kernel is a task graph of the plan; the heaps are allocated by the
 * first two of them and consumed by all others, so they never leave the device. One thread builds, warms up and runs
 * the plan, and frees it.
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
    private final Map<Heap, Integer> elements;
    private final TornadoExecutionPlan plan;
    private final TornadoDevice device;

    /** Whether there is a heap of words; only the device's thread asks. */
    private boolean hasWords;

    private PlanDevice(int numFloats, int numWords, List<DeviceKernel> kernels) {
        this.elements = Map.of(Heap.FLOATS, numFloats, Heap.WORDS, numWords);
        TaskSlot floatsOwner = slot(TransferKernels.ZERO, TaskSlot.Result.NONE, SMALL_FLOATS, SMALL_INTS);
        TaskSlot wordsOwner = slot(TransferKernels.ZERO_WORDS, TaskSlot.Result.NONE, SMALL_FLOATS, SMALL_INTS);
        slotsOf.clear(); // a later call of these kernels must not allocate again
        for (DeviceKernel kernel : kernels) {
            slot(kernel, TaskSlot.Result.NONE, SMALL_FLOATS, SMALL_INTS);
            if (kernel.indexed()) {
                for (int size : INDEX_SIZES) {
                    slot(kernel, TaskSlot.Result.NONE, SMALL_FLOATS, size);
                }
            }
        }
        for (int size : TRANSFER_SIZES) {
            slot(TransferKernels.LOAD, TaskSlot.Result.NONE, size, SMALL_INTS);
            slot(TransferKernels.STORE, TaskSlot.Result.FLOATS, size, SMALL_INTS);
            int numInts = TransferKernels.FIRST_WORD + size;
            slot(TransferKernels.LOAD_WORDS, TaskSlot.Result.NONE, SMALL_FLOATS, numInts);
            slot(TransferKernels.STORE_WORDS, TaskSlot.Result.INTS, SMALL_FLOATS, numInts);
        }
        TaskSlot.Heaps heaps = new TaskSlot.Heaps(
                FloatArray.fromSegmentShallow(untouchedMemory(numFloats)),
                floatsOwner.graphName(),
                IntArray.fromSegmentShallow(untouchedMemory(numWords)),
                wordsOwner.graphName());
        ImmutableTaskGraph[] graphs = slots.stream()
                .map(s -> s.graph(heaps, s == floatsOwner ? Heap.FLOATS : s == wordsOwner ? Heap.WORDS : null))
                .toArray(ImmutableTaskGraph[]::new);
        this.plan = new TornadoExecutionPlan(graphs);
        this.device = plan.getDevice(0);
    }

    /**
     * Opens the default device.
     *
     * @param numFloats float32 elements that all tensors on the device may have together
     * @param numWords words of 32 bits that all stored weights and stored keys and values may have together
     * @param kernels what will be launched
     * @throws TroupeException when the device does not have as much memory in one piece
     */
    public static PlanDevice open(int numFloats, int numWords, List<DeviceKernel> kernels) {
        PlanDevice made = new PlanDevice(numFloats, numWords, kernels);
        made.thread.await(made::warmUp);
        return made;
    }

    @Override
    public String description() {
        return device.getDeviceType() + " " + device.getDescription();
    }

    @Override
    public int elements(Heap heap) {
        return elements.getOrDefault(heap, 0);
    }

    @Override
    public void launch(Launch launch) {
        if (launch.globalX() > 0 && launch.globalY() > 0) {
            thread.start(() -> run(fitting(launch.kernel(), launch.numInts()), launch));
        }
    }

    @Override
    public void upload(Heap heap, MemorySegment from, int to, long count) {
        DeviceKernel kernel = heap == Heap.FLOATS ? TransferKernels.LOAD : TransferKernels.LOAD_WORDS;
        thread.await(() -> {
            for (long done = 0; done < count; ) {
                int number = transfer(kernel, count - done);
                TaskSlot slot = slots.get(number);
                int chunk = (int) Math.min(count - done, capacity(slot));
                beforeArguments(slot);
                MemorySegment.copy(from, 4 * done, carrier(heap, slot), 0, 4L * chunk);
                run(number, new Launch(kernel).items(chunk).put(to + (int) done, chunk));
                done += chunk;
            }
        });
    }

    @Override
    public void download(Heap heap, int from, MemorySegment to, long count) {
        DeviceKernel kernel = heap == Heap.FLOATS ? TransferKernels.STORE : TransferKernels.STORE_WORDS;
        thread.await(() -> {
            for (long done = 0; done < count; ) {
                int number = transfer(kernel, count - done);
                TaskSlot slot = slots.get(number);
                int chunk = (int) Math.min(count - done, capacity(slot));
                run(number, new Launch(kernel).items(chunk).put(from + (int) done, chunk));
                MemorySegment.copy(carrier(heap, slot), 0, to, 4 * done, 4L * chunk);
                done += chunk;
            }
        });
    }

    @Override
    public void await() {
        thread.await(() -> device.sync(plan.getId()));
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
        if (slot.kernel().takesWords() && !hasWords) {
            hasWords = true;
            run(1, new Launch(TransferKernels.ZERO_WORDS).items(1).put(0, 1));
        }
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

    private TaskSlot slot(DeviceKernel kernel, TaskSlot.Result result, int numFloats, int numInts) {
        TaskSlot slot = new TaskSlot("g" + slots.size(), kernel, result, numFloats, numInts, arena);
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
            if (capacity(slots.get(number)) >= count) {
                return number;
            }
        }
        return numbers.getLast();
    }

    /** Elements that a transfer moves at once. */
    private static int capacity(TaskSlot slot) {
        return slot.kernel().takesWords()
                ? slot.ints().getSize() - TransferKernels.FIRST_WORD
                : slot.floats().getSize();
    }

    /** Where a transfer's elements are on the host. */
    private static MemorySegment carrier(Heap heap, TaskSlot slot) {
        return heap == Heap.FLOATS
                ? slot.floats().getSegment()
                : slot.ints().getSegment().asSlice(4L * TransferKernels.FIRST_WORD);
    }

    /**
     * What TornadoVM takes for the host's side of a heap, which is never read or written: a sparse file that has no
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
