package dev.troupe.model.optim;

import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tensor.TensorFile;
import org.jspecify.annotations.Nullable;

/**
 * The moments of AdamW for elements [from, to) of the flat parameters, and the number of steps taken. A range, so that
 * the state can be split over optimizer shards (ZeRO, arXiv:1910.02054).
 */
public final class OptimizerState {
    private final long from;
    private final long to;
    private final Tensor moment1; // [to - from]
    private final Tensor moment2; // [to - from]
    private final @Nullable TensorFile file;
    private long step;

    private OptimizerState(long from, long to, TensorArena arena) {
        this.from = from;
        this.to = to;
        int length = Math.toIntExact(to - from);
        this.moment1 = arena.allocate(length);
        this.moment2 = arena.allocate(length);
        this.file = null;
    }

    private OptimizerState(long from, long to, TensorFile file) {
        this.from = from;
        this.to = to;
        int length = Math.toIntExact(to - from);
        this.moment1 = file.allocate(length);
        this.moment2 = file.allocate(length);
        this.file = file;
    }

    /** Zero moments before the first step. */
    public static OptimizerState allocate(long from, long to, TensorArena arena) {
        if (from < 0 || to < from) {
            throw new IllegalArgumentException("not a range: [" + from + ", " + to + ")");
        }
        return new OptimizerState(from, to, arena);
    }

    /**
     * The same in a file of {@link #fileBytes}, which is the caller's: of the moments only what is in use is in memory.
     */
    public static OptimizerState offload(long from, long to, TensorFile file) {
        return new OptimizerState(from, to, file);
    }

    /** Bytes of the file for so many parameters. */
    public static long fileBytes(long parameters) {
        return 2 * TensorFile.bytesOf(parameters);
    }

    /** Whether the moments are in a file. */
    boolean isOffloaded() {
        return file != null;
    }

    /** The moments of parameters [from, to) are not used for a while: nothing to do unless they are in a file. */
    public void forget(long firstParameter, long endParameter) {
        if (file != null) {
            file.forget(moment1, firstParameter - from, endParameter - from);
            file.forget(moment2, firstParameter - from, endParameter - from);
        }
    }

    public long from() {
        return from;
    }

    public long to() {
        return to;
    }

    /** Running mean of the gradient; element i belongs to parameter from + i. */
    public Tensor moment1() {
        return moment1;
    }

    /** Running mean of the squared gradient. */
    public Tensor moment2() {
        return moment2;
    }

    /** Steps taken so far. */
    public long step() {
        return step;
    }

    /** Set when a checkpoint is restored, and by each step. */
    public void setStep(long step) {
        this.step = step;
    }
}
