package dev.troupe.model.kernel.parallel;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.troupe.model.system.NativeFunction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long the system lets a thread compute before it looks who else waits: about three milliseconds of Linux's
 * scheduler. Beside kernels on all processors a thread that wakes waits until such a slice is over, unless its own is
 * shorter (EEVDF, Linux 6.12 and later, by sched_setattr(2); any user may ask for it, and gets no more of the processor
 * by it). So threads that wake often and have little to do, as those that carry tokens, ask for a short one.
 */
public final class ThreadSlice {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadSlice.class);
    private static final long SHORTEST_NANOS = 100_000; // that the system grants

    // struct sched_attr, as sched_setattr(2) describes it
    private static final int ATTRIBUTES_BYTES = 48;
    private static final long POLICY = 4;
    private static final long FLAGS = 8;
    private static final long PRIORITY = 20;
    private static final long RUNTIME = 24;
    private static final int SCHED_OTHER = 0;
    private static final int SCHED_FIFO = 1;
    private static final long RESET_ON_FORK = 1;

    private static final int CALLING_THREAD = 0;
    private static final int NO_FLAGS = 0;

    private static final Optional<ThreadSlice> SYSTEM = find();

    private final NativeFunction call;
    private final long setAttributes;
    private final long getAttributes;

    private ThreadSlice(NativeFunction call, long setAttributes) {
        this.call = call;
        this.setAttributes = setAttributes;
        this.getAttributes = setAttributes + 1;
    }

    private static Optional<ThreadSlice> find() {
        long number = switch (System.getProperty("os.arch", "")) {
            case "amd64" -> 314;
            case "aarch64" -> 274;
            default -> 0;
        };
        return number == 0
                ? Optional.empty()
                // older C libraries have no function of its own for it
                : NativeFunction.ofLinux("syscall").map(call -> new ThreadSlice(call, number));
    }

    /**
     * Runs {@code work}, all that the calling thread does, with the shortest slice; with the system's where that
     * refuses or has no such call. One before Linux 6.12 takes the wish and does nothing. Threads that {@code work}
     * starts have the system's.
     */
    public static void runWithShortest(Runnable work) {
        if (!shorten()) {
            LOG.debug("{} keeps the system's slice", Thread.currentThread());
        }
        work.run();
    }

    /**
     * Runs {@code work}, all that the calling thread does, before every thread of the usual kind, whenever there is
     * something for it to do: for what stands for another machine and must not wait for this one's. Where the system
     * refuses, as it does to most users, with the shortest slice.
     */
    public static void runFirst(Runnable work) {
        if (first()) {
            work.run();
        } else {
            runWithShortest(work);
        }
    }

    /** Asks to go before other threads; whether the system took the wish. */
    static boolean first() {
        return change(attributes -> {
            attributes.set(JAVA_INT, POLICY, SCHED_FIFO); // a real-time thread until it waits by itself
            attributes.set(JAVA_INT, PRIORITY, 1); // the least of theirs
        });
    }

    /** Asks for the shortest slice for the calling thread; whether the system took the wish. */
    static boolean shorten() {
        return change(attributes -> {
            attributes.set(JAVA_LONG, RUNTIME, SHORTEST_NANOS);
            attributes.set(JAVA_LONG, FLAGS, attributes.get(JAVA_LONG, FLAGS) | RESET_ON_FORK);
        });
    }

    /** Nanoseconds of the calling thread's slice; 0 where the system does not say. */
    static long nanos() {
        return attribute(attributes -> attributes.get(JAVA_LONG, RUNTIME)).orElse(0);
    }

    /** The calling thread's policy; -1 where the system does not say. */
    static long policy() {
        return attribute(attributes -> attributes.get(JAVA_INT, POLICY)).orElse(-1);
    }

    private static OptionalLong attribute(ToLongFunction<MemorySegment> value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_BYTES, Long.BYTES);
            return SYSTEM.isPresent() && SYSTEM.get().read(attributes)
                    ? OptionalLong.of(value.applyAsLong(attributes))
                    : OptionalLong.empty();
        }
    }

    /** Changes a thread of the usual kind; all else of it stays as it is, as its priority, which is set as well. */
    private static boolean change(Consumer<MemorySegment> wish) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_BYTES, Long.BYTES);
            if (SYSTEM.isEmpty() || !SYSTEM.get().read(attributes) || attributes.get(JAVA_INT, POLICY) != SCHED_OTHER) {
                return false;
            }
            wish.accept(attributes);
            return SYSTEM.get().call(SYSTEM.get().setAttributes, attributes, NO_FLAGS, NO_FLAGS) == 0;
        }
    }

    private boolean read(MemorySegment attributes) {
        return call(getAttributes, attributes, ATTRIBUTES_BYTES, NO_FLAGS) == 0;
    }

    private long call(long number, MemorySegment attributes, int third, int fourth) {
        return call.call(number, CALLING_THREAD, attributes.address(), third, fourth);
    }
}
