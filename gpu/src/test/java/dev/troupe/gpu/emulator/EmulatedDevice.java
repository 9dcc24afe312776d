package dev.troupe.gpu.emulator;

import dev.troupe.gpu.device.Device;
import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Heap;
import dev.troupe.gpu.device.Launch;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A device whose work items are Java: one after the other, or a virtual thread each where a kernel has a barrier. Local
 * arrays start with rubbish, as on a device. Counts what it is asked for.
 */
public final class EmulatedDevice implements Device {
    private static final int MOST_INTS = 1 << 16;

    private final FloatArray heap;
    private final IntArray words;
    private final Set<String> withBarrier = new HashSet<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private long uploads;
    private long downloads;

    public EmulatedDevice(int heapElements) {
        this.heap = new FloatArray(heapElements);
        this.words = new IntArray(heapElements);
        for (int i = 0; i < heapElements; i++) {
            heap.set(i, Float.NaN); // nothing may rely on what the heaps start with
            words.set(i, 0x7fc0_7fc1);
        }
    }

    public synchronized long uploads() {
        return uploads;
    }

    public synchronized long downloads() {
        return downloads;
    }

    @Override
    public String description() {
        return "emulator";
    }

    @Override
    public int elements(Heap which) {
        return which == Heap.FLOATS ? heap.getSize() : words.getSize();
    }

    @Override
    public synchronized void launch(Launch launch) {
        DeviceKernel kernel = launch.kernel();
        if (launch.numInts() > (kernel.indexed() ? MOST_INTS : DeviceKernel.SMALL_INTS)) {
            throw new IllegalArgumentException(kernel.name() + " was given " + launch.numInts() + " integers");
        }
        FloatArray floats = new FloatArray(DeviceKernel.SMALL_FLOATS);
        IntArray ints = new IntArray(MOST_INTS);
        launch.copyArguments(floats, ints);
        int groupsX = (int) (launch.globalX() / kernel.localX());
        int groupsY = (int) (launch.globalY() / kernel.localY());
        for (int y = 0; y < groupsY; y++) {
            for (int x = 0; x < groupsX; x++) {
                runGroup(kernel, x, y, floats, ints);
            }
        }
    }

    @Override
    public synchronized void upload(Heap which, MemorySegment from, int to, long count) {
        uploads++;
        MemorySegment.copy(from, 0, memory(which), 4L * to, 4 * count);
    }

    @Override
    public synchronized void download(Heap which, int from, MemorySegment to, long count) {
        downloads++;
        MemorySegment.copy(memory(which), 4L * from, to, 0, 4 * count);
    }

    @Override
    public void await() {}

    @Override
    public void close() {
        threads.close();
    }

    private MemorySegment memory(Heap which) {
        return which == Heap.FLOATS ? heap.getSegment() : words.getSegment();
    }

    private void runGroup(DeviceKernel kernel, int x, int y, FloatArray floats, IntArray ints) {
        if (!withBarrier.contains(kernel.name())) {
            try {
                EmulatedContext context = new EmulatedContext(new EmulatedGroup(1), true);
                for (int i = 0; i < kernel.localX() * kernel.localY(); i++) {
                    place(context, kernel, x, y, i);
                    kernel.run(context, heap, words, floats, ints);
                }
                return;
            } catch (EmulatedContext.NeedsGroup e) {
                // Before its first barrier no kernel writes to the heap, so the group may start again.
                withBarrier.add(kernel.name());
            }
        }
        int size = kernel.localX() * kernel.localY();
        EmulatedGroup group = new EmulatedGroup(size);
        List<Future<?>> items = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            EmulatedContext context = new EmulatedContext(group, false);
            place(context, kernel, x, y, i);
            items.add(threads.submit(() -> kernel.run(context, heap, words, floats, ints)));
        }
        for (Future<?> item : items) {
            try {
                item.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException("kernel " + kernel.name() + " failed", e.getCause());
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static void place(EmulatedContext context, DeviceKernel kernel, int x, int y, int item) {
        context.at(x, y, item % kernel.localX(), item / kernel.localX(), kernel.localX(), kernel.localY());
    }
}
