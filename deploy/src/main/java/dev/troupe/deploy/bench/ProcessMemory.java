package dev.troupe.deploy.bench;

import dev.troupe.model.tensor.NativeMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What this process holds, in bytes.
 *
 * @param heap in use after a garbage collection
 * @param tensors off the heap, by {@link NativeMemory}
 * @param buffers direct ones of the JDK, which sockets use
 * @param other resident, but not the heap's: tensors, buffers, code, stacks and what libraries take; -1 where the
 *     system does not say
 */
record ProcessMemory(long heap, long tensors, long buffers, long other) {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String RESIDENT = "VmRSS:";
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
        long resident = resident();
        return new ProcessMemory(heap.getUsed(), tensors, buffers, resident < 0 ? -1 : resident - heap.getCommitted());
    }

    private static long resident() {
        if (!Files.isReadable(STATUS)) {
            return -1;
        }
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith(RESIDENT))
                    .mapToLong(line -> 1024
                            * Long.parseLong(line.substring(RESIDENT.length())
                                    .replace("kB", "")
                                    .strip()))
                    .findFirst()
                    .orElse(-1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
