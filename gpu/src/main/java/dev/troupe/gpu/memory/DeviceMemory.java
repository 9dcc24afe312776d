package dev.troupe.gpu.memory;

import dev.troupe.gpu.device.Device;
import dev.troupe.gpu.device.Heap;
import dev.troupe.gpu.device.Launch;
import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.DeviceCopy;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorBlock;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Keeps tensors on a device. A block that a kernel uses gets a range of the device's heap, which it keeps until its
 * arena is closed; bytes move only when one side reads what the other wrote. Thread-safe.
 */
public final class DeviceMemory implements AutoCloseable {
    /** A range of the heap for the time of an operation. */
    public final class Scratch implements AutoCloseable {
        private final int start;
        private final long elements;

        private Scratch(long elements) {
            this.elements = elements;
            this.start = allocate(Heap.FLOATS, elements);
        }

        /** Address of its first element. */
        public int address() {
            return start;
        }

        /** Its first {@code count} elements. */
        public float[] download(int count) {
            float[] elements = new float[count];
            device.download(Heap.FLOATS, start, MemorySegment.ofArray(elements), count);
            return elements;
        }

        /** What was launched before still finds its content: the device works in order. */
        @Override
        public void close() {
            synchronized (DeviceMemory.this) {
                ranges(Heap.FLOATS).free(start, elements);
            }
        }
    }

    private final Device device;
    private final Map<Heap, DeviceHeap> heaps = new EnumMap<>(Heap.class);
    private final List<MirroredBlock> blocks = new ArrayList<>();

    public DeviceMemory(Device device) {
        this.device = device;
        for (Heap heap : Heap.values()) {
            heaps.put(heap, new DeviceHeap(device.elements(heap)));
        }
    }

    /** Brings what the kernel reads to the device, and starts it. */
    public synchronized void launch(Launch launch) {
        for (Launch.Argument argument : launch.arguments()) {
            Tensor tensor = argument.tensor();
            if (tensor.size() == 0) {
                continue; // no kernel reads an element of it
            }
            MirroredBlock block = mirror(tensor.block(), argument.heap());
            boolean whole = argument.access() == Launch.Access.OVERWRITE
                    && tensor.size() == tensor.block().size();
            if (!whole) {
                block.bringToDevice();
            }
            launch.resolve(argument.slot(), block.address() + (int) tensor.blockOffset());
        }
        device.launch(launch);
        for (Launch.Argument argument : launch.arguments()) {
            if (argument.access() != Launch.Access.READ && argument.tensor().size() > 0) {
                mirror(argument.tensor().block(), argument.heap()).writtenOnDevice();
            }
        }
    }

    /** The device's name. */
    public String description() {
        return device.description();
    }

    /** Waits until the device has done all that was launched. */
    public void await() {
        device.await();
    }

    /** Elements of the heap of numbers that nothing holds; not all in one piece, perhaps. */
    public synchronized long freeElements() {
        return device.elements(Heap.FLOATS) - ranges(Heap.FLOATS).used();
    }

    /** A range for intermediate results; its content is undefined. */
    public synchronized Scratch scratch(long elements) {
        return new Scratch(elements);
    }

    /** Bytes of the heaps that blocks and scratch hold. */
    public synchronized long usedBytes() {
        return heaps.values().stream().mapToLong(DeviceHeap::used).sum() * Float.BYTES;
    }

    /** Brings every block that is still in use back to the host, then frees the device. */
    @Override
    public void close() {
        synchronized (this) {
            for (MirroredBlock block : List.copyOf(blocks)) {
                block.leaveDevice();
            }
            blocks.clear();
        }
        device.close();
    }

    private MirroredBlock mirror(TensorBlock block, Heap heap) {
        DeviceCopy copy = block.copy(b -> {
            MirroredBlock made = new MirroredBlock(this, device, b, heap, allocate(heap, b.size()));
            blocks.add(made);
            return made;
        });
        if (!(copy instanceof MirroredBlock mirrored) || mirrored.memory() != this) {
            throw new TroupeException("a tensor is in use on another device");
        }
        if (mirrored.heap() != heap) {
            throw new IllegalArgumentException("a tensor is used as numbers and as bits");
        }
        return mirrored;
    }

    private DeviceHeap ranges(Heap heap) {
        return Objects.requireNonNull(heaps.get(heap));
    }

    private int allocate(Heap which, long elements) {
        DeviceHeap heap = ranges(which);
        try {
            return heap.allocate(elements);
        } catch (TroupeException full) {
            if (!sweep()) {
                throw full;
            }
            return heap.allocate(elements);
        }
    }

    /** Frees the ranges of blocks whose memory was freed without an arena of ours knowing; true when there were any. */
    private boolean sweep() {
        List<MirroredBlock> dead = blocks.stream().filter(b -> !b.isAlive()).toList();
        dead.forEach(MirroredBlock::release);
        return !dead.isEmpty();
    }

    void forget(MirroredBlock block) {
        if (blocks.remove(block)) {
            ranges(block.heap()).free(block.address(), block.size());
        }
    }
}
