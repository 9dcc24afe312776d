package dev.troupe.model.kernel.parallel;

import dev.troupe.model.system.NativeFunction;
import java.util.BitSet;
import java.util.Optional;

/**
 * Threads that have little to do beside kernels, and go out of the way of the thread that leads them. As their slices
 * are short, one that is woken may take the leader's processor from it, and then no kernel begins while it carries on
 * what it was told; on any other processor it holds up a worker, whose share the rest does. Linux puts who wakes where
 * it ran last: so who finds itself on the leader's processor moves to another one, by sched_setaffinity(2), once.
 *
 * <p>It may go anywhere again from there on, as threads that it makes have its processors. Where a process has one
 * processor only, or the system has no such calls, nobody moves.
 */
public final class SideThreads {
    private static final int NOWHERE = -1;
    private static final Optional<SideThreads> SYSTEM = find();

    private final Processors processors;
    private final NativeFunction currentProcessor;
    private volatile int leaders = NOWHERE;

    private SideThreads(Processors processors, NativeFunction currentProcessor) {
        this.processors = processors;
        this.currentProcessor = currentProcessor;
    }

    private static Optional<SideThreads> find() {
        return Processors.ofSystem()
                .filter(processors -> processors.allowed().cardinality() > 1)
                .flatMap(processors -> NativeFunction.ofLinux("sched_getcpu")
                        .map(processor -> new SideThreads(processors, processor)));
    }

    /**
     * The calling thread leads kernels from now on. The system may move it, so this is to be called again and again;
     * the last of several leaders counts.
     */
    public static void lead() {
        SYSTEM.ifPresent(side -> side.leaders = side.current());
    }

    /** There are no kernels to lead for now. */
    public static void rest() {
        SYSTEM.ifPresent(side -> side.leaders = NOWHERE);
    }

    /** Moves the calling thread to another processor when it is on the leader's. */
    public static void stepAside() {
        SYSTEM.ifPresent(SideThreads::moveFromLeaders);
    }

    private int current() {
        return (int) currentProcessor.call();
    }

    private void moveFromLeaders() {
        int left = leaders;
        if (left != NOWHERE && left == current()) {
            BitSet others = processors.allowed();
            others.clear(left);
            processors.move(others);
            processors.move(processors.allowed());
        }
    }
}
