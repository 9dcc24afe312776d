package dev.troupe.model.kernel.parallel;

import dev.troupe.model.system.NativeFunction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The processors that this process may use, and how many of its threads stay on each, by sched_setaffinity(2). Other
 * processes are not asked: two that pin their threads may choose the same processor.
 */
final class Processors {
    private static final Logger LOG = LoggerFactory.getLogger(Processors.class);
    private static final Optional<Processors> SYSTEM = find();
    private static final int SET_BYTES = 8192; // 65,536 processors: more than any kernel's own set
    private static final int CALLING_THREAD = 0;

    private final NativeFunction setAffinity;
    private final BitSet allowed;
    private final int[] pinned; // threads by processor; guarded by this

    private Processors(NativeFunction setAffinity, BitSet allowed) {
        this.setAffinity = setAffinity;
        this.allowed = allowed;
        this.pinned = new int[allowed.length()];
    }

    private static Optional<Processors> find() {
        return NativeFunction.ofLinux("sched_getaffinity")
                .flatMap(get -> NativeFunction.ofLinux("sched_setaffinity")
                        .flatMap(set -> allowed(get).map(allowed -> new Processors(set, allowed))));
    }

    private static Optional<BitSet> allowed(NativeFunction getAffinity) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment set = arena.allocate(SET_BYTES);
            if ((int) getAffinity.call(CALLING_THREAD, SET_BYTES, set.address()) != 0) {
                return Optional.empty();
            }
            BitSet processors = BitSet.valueOf(set.asByteBuffer());
            return processors.isEmpty() ? Optional.empty() : Optional.of(processors);
        }
    }

    /** Those of this process; empty without such calls here. */
    static Optional<Processors> ofSystem() {
        return SYSTEM;
    }

    /** A copy of those that it may use. */
    BitSet allowed() {
        return (BitSet) allowed.clone();
    }

    /**
     * Runs {@code work} with the calling thread on the processor that fewest pinned threads have, the last of those:
     * the first ones are left to threads that are not pinned, and to interrupts. Without such a call here, or when the
     * system refuses, the thread goes where the system puts it.
     */
    static void runPinned(Runnable work) {
        if (SYSTEM.isEmpty()) {
            LOG.warn("compute threads are not pinned: this system has no sched_setaffinity");
            work.run();
            return;
        }
        Processors processors = SYSTEM.get();
        int processor = processors.take();
        try {
            processors.stay(processor);
            work.run();
        } finally {
            processors.leave(processor);
        }
    }

    private synchronized int take() {
        int least = allowed.length() - 1;
        for (int p = allowed.previousSetBit(least); p >= 0; p = allowed.previousSetBit(p - 1)) {
            least = pinned[p] < pinned[least] ? p : least;
        }
        pinned[least]++;
        return least;
    }

    private synchronized void leave(int processor) {
        pinned[processor]--;
    }

    private void stay(int processor) {
        BitSet one = new BitSet();
        one.set(processor);
        if (!move(one)) {
            LOG.warn("{} is not pinned: the system refused processor {}", Thread.currentThread(), processor);
        }
    }

    /** Lets the calling thread be on some processors only, at once; whether the system did so. */
    boolean move(BitSet wanted) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bits = wanted.toByteArray();
            MemorySegment set = arena.allocate(SET_BYTES);
            MemorySegment.copy(MemorySegment.ofArray(bits), 0, set, 0, bits.length);
            return (int) setAffinity.call(CALLING_THREAD, SET_BYTES, set.address()) == 0;
        }
    }
}
