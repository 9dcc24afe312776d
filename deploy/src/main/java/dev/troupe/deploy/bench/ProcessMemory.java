package dev.troupe.deploy.bench;

import dev.troupe.model.tensor.NativeMemory;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;

/**
 * What this process holds, in bytes.
 *
 * @param heap in use after a garbage collection
 * @param tensors off the heap, by {@link NativeMemory}
 * @param buffers direct ones of the JDK, which sockets use
 * @param other resident and of no file, but not the heap's: the parts of tensors and buffers that were ever written,
 *     code, stacks and what libraries take; -1 where the system does not say
 */
record ProcessMemory(long heap, long tensors, long buffers, long other) {
    private static final int COLLECTIONS = 2; // what the first one queues for cleaning, the second one frees

    static ProcessMemory afterCollection() {
        for (int i = 0; i < COLLECTIONS; i++) {
            ManagementFactory.getMemoryMXBean().gc();
        }
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        long tensors = NativeMemory.snapshot().values().stream()
                .mapToLong(Long::longValue)
                .sum();
        long buffers = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
        return new ProcessMemory(heap.getUsed(), tensors, buffers, ResidentMemory.outsideHeap());
    }
}
