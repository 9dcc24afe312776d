package dev.troupe.model.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * Owns a set of off-heap tensors: all of them are freed when it is closed, none before. Thread-safe.
 *
 * <p>Memory is zeroed and aligned to 64 bytes (a cache line and an AVX-512 register). Once it is more than 1 MiB it
 * lies on huge pages where the system has them, one piece after the other: that raises the bandwidth of reading weights
 * (docs/performance.md).
 */
public final class TensorArena implements LayoutMemory, AutoCloseable {
    private static final long CACHE_LINE_BYTES = 64;

    private final Arena arena = Arena.ofShared();
    private final String owner;
    private final AtomicLong bytes = new AtomicLong();
    private final SharedPages pages = new SharedPages(arena, CACHE_LINE_BYTES);
    private final Queue<TensorBlock> blocks = new ConcurrentLinkedQueue<>();

    private TensorArena(String owner) {
        this.owner = owner;
    }

    /**
     * Opens an arena whose bytes are counted in {@link NativeMemory} under {@code owner}, such as "train.activations".
     */
    public static TensorArena open(String owner) {
        return new TensorArena(owner);
    }

    /** A new zeroed float32 tensor of this shape. */
    public Tensor allocate(int... shape) {
        Tensor tensor = Tensor.of(allocateBytes(Math.multiplyExact(Tensor.sizeOf(shape), Float.BYTES)), shape);
        blocks.add(tensor.block());
        return tensor;
    }

    /**
     * New zeroed memory, aligned as the class says.
     *
     * @throws NotEnoughMemoryException naming the owner, when the system gives no more; what was allocated stays
     */
    public MemorySegment allocateBytes(long size) {
        MemorySegment segment;
        try {
            segment = pages.allocate(Math.max(size, 1));
        } catch (NotEnoughMemoryException e) {
            throw e.wantedFor(owner + ", which has " + bytes.get() + " bytes so far", size);
        }
        bytes.addAndGet(size);
        NativeMemory.add(owner, size);
        return segment;
    }

    @Override
    public TensorArena arena() {
        return this;
    }

    @Override
    public Optional<MemorySegment> layIfFit(String form, long size, Predicate<MemorySegment> writer) {
        MemorySegment memory = allocateBytes(size);
        return writer.test(memory) ? Optional.of(memory) : Optional.empty();
    }

    /** Bytes handed out so far. */
    public long bytes() {
        return bytes.get();
    }

    @Override
    public void close() {
        blocks.forEach(TensorBlock::release);
        blocks.clear();
        arena.close();
        NativeMemory.add(owner, -bytes.getAndSet(0));
    }
}
