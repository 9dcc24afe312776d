package dev.troupe.gpu;

import dev.troupe.gpu.device.Device;
import dev.troupe.gpu.device.Heap;
import dev.troupe.gpu.device.Launch;
import java.lang.foreign.MemorySegment;

/** A device on which one kernel does nothing, as one that its driver miscompiles might. */
final class SilentDevice implements Device {
    private final Device device;
    private final String kernel;

    /** @param device is closed with this one */
    SilentDevice(Device device, String kernel) {
        this.device = device;
        this.kernel = kernel;
    }

    @Override
    public String description() {
        return device.description();
    }

    @Override
    public int elements(Heap heap) {
        return device.elements(heap);
    }

    @Override
    public void launch(Launch launch) {
        if (!launch.kernel().name().equals(kernel)) {
            device.launch(launch);
        }
    }

    @Override
    public void upload(Heap heap, MemorySegment from, int to, long count) {
        device.upload(heap, from, to, count);
    }

    @Override
    public void download(Heap heap, int from, MemorySegment to, long count) {
        device.download(heap, from, to, count);
    }

    @Override
    public void await() {
        device.await();
    }

    @Override
    public void close() {
        device.close();
    }
}
