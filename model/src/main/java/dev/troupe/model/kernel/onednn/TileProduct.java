package dev.troupe.model.kernel.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A primitive for one shape of tile. Any number of threads may run it at once: each borrows a set of the handles
 * through which the library learns addresses.
 */
final class TileProduct implements AutoCloseable {
    private static final int ARGUMENTS = 4;
    private static final long ARGUMENT_BYTES = 16; // dnnl_exec_arg_t: an int, four bytes of nothing, a handle
    private static final long CACHE_LINE = 64;
    private static final int KEPT = 64; // sets of handles, for as many threads at once

    private final long a;
    private final long b;
    private final long c;
    private final long scratchpad;
    private final long primitive;
    private final Arena arena = Arena.ofShared();
    private final AtomicReferenceArray<@Nullable Handles> idle = new AtomicReferenceArray<>(KEPT);

    TileProduct(TileType type, TileShape shape) {
        Dnnl.useOneThread();
        a = Dnnl.rows(shape.rows(), shape.depth(), type.a(), type.rowStride(shape.depth()));
        b = Dnnl.tagged(shape.depth(), shape.columns(), type.b(), type.panels());
        c = Dnnl.rows(shape.rows(), shape.columns(), type.c(), shape.rowC());
        long description = Dnnl.matmul(a, b, c);
        scratchpad = Dnnl.scratchpad(description);
        primitive = Dnnl.createPrimitive(description);
        Dnnl.destroyProduct(description);
    }

    /** Memories and stream of one thread at a time. */
    private final class Handles {
        private final long memoryA = Dnnl.createMemory(a, 0);
        private final long memoryB = Dnnl.createMemory(b, 0);
        private final long memoryC = Dnnl.createMemory(c, 0);
        private final long memoryScratchpad;
        private final long stream = Dnnl.createStream();
        private final MemorySegment arguments = arena.allocate(ARGUMENTS * ARGUMENT_BYTES, CACHE_LINE);

        Handles() {
            long bytes = Math.max(Dnnl.bytes(scratchpad), CACHE_LINE);
            memoryScratchpad = Dnnl.createMemory(
                    scratchpad, arena.allocate(bytes, CACHE_LINE).address());
            argument(0, Dnnl.ARG_SRC, memoryA);
            argument(1, Dnnl.ARG_WEIGHTS, memoryB);
            argument(2, Dnnl.ARG_DST, memoryC);
            argument(3, Dnnl.ARG_SCRATCHPAD, memoryScratchpad);
        }

        private void argument(int i, int number, long memory) {
            arguments.set(ValueLayout.JAVA_INT, i * ARGUMENT_BYTES, number);
            arguments.set(ValueLayout.JAVA_LONG, i * ARGUMENT_BYTES + 8, memory);
        }

        void run(long addressA, long addressB, long addressC) {
            Dnnl.setAddress(memoryA, addressA);
            Dnnl.setAddress(memoryB, addressB);
            Dnnl.setAddress(memoryC, addressC);
            Dnnl.execute(primitive, stream, ARGUMENTS, arguments.address());
        }

        void destroy() {
            Dnnl.destroyMemory(memoryA);
            Dnnl.destroyMemory(memoryB);
            Dnnl.destroyMemory(memoryC);
            Dnnl.destroyMemory(memoryScratchpad);
            Dnnl.destroyStream(stream);
        }
    }

    /** Overwrites the tile of C. */
    void run(long addressA, long addressB, long addressC) {
        Handles handles = borrow();
        try {
            handles.run(addressA, addressB, addressC);
        } finally {
            giveBack(handles);
        }
    }

    private Handles borrow() {
        for (int i = 0; i < KEPT; i++) {
            Handles handles = idle.get(i);
            if (handles != null && idle.compareAndSet(i, handles, null)) {
                return handles;
            }
        }
        return new Handles();
    }

    private void giveBack(Handles handles) {
        for (int i = 0; i < KEPT; i++) {
            if (idle.get(i) == null && idle.compareAndSet(i, null, handles)) {
                return;
            }
        }
        handles.destroy();
    }

    /** No thread may be in {@link #run}. */
    @Override
    public void close() {
        for (int i = 0; i < KEPT; i++) {
            Handles handles = idle.getAndSet(i, null);
            if (handles != null) {
                handles.destroy();
            }
        }
        Dnnl.destroyPrimitive(primitive);
        Dnnl.destroyDescription(a);
        Dnnl.destroyDescription(b);
        Dnnl.destroyDescription(c);
        Dnnl.destroyDescription(scratchpad);
        arena.close();
    }
}
