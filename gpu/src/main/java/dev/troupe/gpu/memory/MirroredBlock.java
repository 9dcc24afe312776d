package dev.troupe.gpu.memory;

import dev.troupe.gpu.device.Device;
import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Heap;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.device.TransferKernels;
import dev.troupe.model.tensor.DeviceCopy;
import dev.troupe.model.tensor.TensorBlock;

/** A block's range of one of the device's heaps, and which side is newer. Guarded by its memory's monitor. */
final class MirroredBlock implements DeviceCopy {
    private enum Newer {
        HOST,
        NEITHER,
        DEVICE
    }

    private final DeviceMemory memory;
    private final Device device;
    private final TensorBlock block;
    private final Heap heap;
    private final int address;
    private Newer newer = Newer.HOST;

    MirroredBlock(DeviceMemory memory, Device device, TensorBlock block, Heap heap, int address) {
        this.memory = memory;
        this.device = device;
        this.block = block;
        this.heap = heap;
        this.address = address;
    }

    DeviceMemory memory() {
        return memory;
    }

    Heap heap() {
        return heap;
    }

    int address() {
        return address;
    }

    long size() {
        return block.size();
    }

    boolean isAlive() {
        return block.isAlive();
    }

    void bringToDevice() {
        if (newer == Newer.HOST) {
            device.upload(heap, block.segment(), address, block.size());
            newer = Newer.NEITHER;
        }
    }

    void writtenOnDevice() {
        newer = Newer.DEVICE;
    }

    /** The device is closing. */
    void leaveDevice() {
        if (isAlive()) {
            bringToHost();
            block.detach();
        }
        memory.forget(this);
    }

    @Override
    public void beforeHostRead() {
        synchronized (memory) {
            bringToHost();
        }
    }

    @Override
    public void beforeHostWrite() {
        synchronized (memory) {
            bringToHost();
            newer = Newer.HOST;
        }
    }

    @Override
    public boolean zero(long from, long count) {
        synchronized (memory) {
            boolean whole = from == 0 && count == block.size();
            if (newer == Newer.HOST && !whole) {
                return false;
            }
            DeviceKernel kernel = heap == Heap.FLOATS ? TransferKernels.ZERO : TransferKernels.ZERO_WORDS;
            device.launch(new Launch(kernel).items(count).put(address + (int) from, (int) count));
            newer = Newer.DEVICE;
            return true;
        }
    }

    @Override
    public boolean copy(DeviceCopy source, long sourceFrom, long to, long count) {
        synchronized (memory) {
            if (!(source instanceof MirroredBlock other)
                    || other.memory != memory
                    || other.heap != heap
                    || other.newer == Newer.HOST
                    || newer == Newer.HOST
                    || (other == this && overlap(sourceFrom, to, count))) {
                return false;
            }
            DeviceKernel kernel = heap == Heap.FLOATS ? TransferKernels.COPY : TransferKernels.COPY_WORDS;
            device.launch(
                    new Launch(kernel).items(count).put(other.address + (int) sourceFrom, address + (int) to, (int)
                            count));
            newer = Newer.DEVICE;
            return true;
        }
    }

    @Override
    public void release() {
        synchronized (memory) {
            memory.forget(this);
        }
    }

    private static boolean overlap(long a, long b, long count) {
        return Math.abs(a - b) < count;
    }

    private void bringToHost() {
        if (newer == Newer.DEVICE) {
            device.download(heap, address, block.segment(), block.size());
            newer = Newer.NEITHER;
        }
    }
}
