package dev.troupe.model.kernel.linear;

import dev.troupe.model.kernel.activation.Activation;
import dev.troupe.model.kernel.elementwise.Elementwise;
import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.kernel.gemm.Gemm;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/**
 * Linear layers by a provider's matrix products, over operands that are float32 tensors: for float32 as they are, for
 * bf16 of numbers that were rounded in place, which is the reference of what other operands hold.
 */
public final class TensorLinear implements LinearProducts {
    /** Rounds the first numbers of a tensor in place. */
    @FunctionalInterface
    public interface Rounding {
        void round(long count, Tensor numbers);
    }

    private final Gemm gemm;
    private final Activation activation;
    private final Elementwise elementwise;
    private final @Nullable Rounding rounding;

    /** @param rounding of operands, or null for float32 */
    public TensorLinear(Gemm gemm, Activation activation, Elementwise elementwise, @Nullable Rounding rounding) {
        this.gemm = gemm;
        this.activation = activation;
        this.elementwise = elementwise;
        this.rounding = rounding;
    }

    /** Rows of float32: of its own, or of whatever tensor was stored last. */
    private static final class Rows implements Operand {
        private final int columns;
        private final boolean owner;
        private @Nullable Tensor tensor;

        Rows(int columns, boolean owner, @Nullable Tensor tensor) {
            this.columns = columns;
            this.owner = owner;
            this.tensor = tensor;
        }

        @Override
        public int columns() {
            return columns;
        }

        @Override
        public Tensor target(Tensor staging) {
            return owner ? tensor() : staging;
        }

        Tensor tensor() {
            if (tensor == null) {
                throw new IllegalStateException("nothing was stored in this operand");
            }
            return tensor;
        }
    }

    private record Weight(Tensor matrix) implements LinearWeight {
        @Override
        public int in() {
            return matrix.dim(1);
        }

        @Override
        public int out() {
            return matrix.dim(0);
        }
    }

    private static Rows rows(Operand operand) {
        if (operand instanceof Rows rows) {
            return rows;
        }
        throw new IllegalArgumentException("an operand of another provider: " + operand.getClass());
    }

    private static Tensor tensor(Operand operand) {
        return rows(operand).tensor();
    }

    private static Tensor matrix(LinearWeight weight) {
        if (weight instanceof Weight mine) {
            return mine.matrix();
        }
        throw new IllegalArgumentException("a weight of another provider: " + weight.getClass());
    }

    @Override
    public Operand operand(int maxRows, int columns, TensorArena arena) {
        return new Rows(columns, true, arena.allocate(maxRows, columns));
    }

    @Override
    public Operand reference(int maxRows, int columns, TensorArena arena) {
        boolean copies = rounding != null;
        return new Rows(columns, false, copies ? arena.allocate(maxRows, columns) : null);
    }

    @Override
    public Operand raisedGradient(int maxRows, int columns, Epilogue activation, TensorArena arena) {
        return operand(maxRows, activation.width(columns), arena); // SwiGLU's result lies in raised
    }

    @Override
    public Tensor staging(int maxRows, int columns, TensorArena arena) {
        return arena.allocate(0, columns);
    }

    @Override
    public LinearWeight weight(Tensor w, WeightVersion version, boolean backward, TensorArena arena) {
        return new Weight(w);
    }

    @Override
    public void store(int rows, Tensor from, Operand to) {
        Rows operand = rows(to);
        if (!operand.owner && rounding == null) {
            operand.tensor = from;
            return;
        }
        Tensor own = operand.tensor();
        if (from != own) {
            own.view(0, rows, operand.columns).copyFrom(from.view(0, rows, operand.columns));
        }
        round((long) rows * operand.columns, own);
    }

    private void round(long count, Tensor numbers) {
        if (rounding != null) {
            rounding.round(count, numbers);
        }
    }

    @Override
    public void forward(
            int rows, Operand x, LinearWeight w, @Nullable Tensor bias, @Nullable Tensor residual, Tensor y) {
        int in = w.in();
        int out = w.out();
        Transpose no = Transpose.NO;
        gemm.multiplyAdd(no, Transpose.YES, rows, out, in, tensor(x), in, matrix(w), in, y, out, residual, bias);
    }

    @Override
    public void forwardActivated(
            int rows, Operand x, LinearWeight w, @Nullable Tensor bias, Epilogue epilogue, Operand raised, Operand y) {
        int in = w.in();
        int out = w.out();
        gemm.multiplyActivate(
                Transpose.NO,
                Transpose.YES,
                rows,
                out,
                in,
                tensor(x),
                in,
                matrix(w),
                in,
                tensor(raised),
                bias,
                epilogue,
                tensor(y),
                activation);
        round((long) rows * out, tensor(raised));
        round((long) rows * epilogue.width(out), tensor(y));
    }

    @Override
    public void inputGradient(int rows, Operand dy, LinearWeight w, Tensor dx) {
        int in = w.in();
        int out = w.out();
        Transpose no = Transpose.NO;
        gemm.multiply(no, no, rows, in, out, tensor(dy), out, matrix(w), in, dx, in, false);
    }

    @Override
    public Operand activatedInputGradient(
            int rows, Operand dy, LinearWeight w, Epilogue epilogue, Operand raised, Operand dRaised) {
        Tensor dInner = tensor(dRaised);
        inputGradient(rows, dy, w, dInner);
        int width = w.in();
        Operand result = switch (epilogue) {
            case GELU -> {
                activation.geluBackward((long) rows * width, tensor(raised), dInner, dInner);
                yield dRaised;
            }
            case SWIGLU -> {
                activation.swigluBackward(rows, width, tensor(raised), dInner, tensor(raised));
                yield raised;
            }
        };
        round((long) rows * result.columns(), tensor(result));
        return result;
    }

    @Override
    public void weightGradient(int rows, Operand dy, Operand x, Tensor dw, boolean add, @Nullable Tensor db) {
        int in = x.columns();
        int out = dy.columns();
        gemm.multiply(Transpose.YES, Transpose.NO, out, in, rows, tensor(dy), out, tensor(x), in, dw, in, add);
        if (db != null) {
            elementwise.biasBackward(rows, out, tensor(dy), db);
        }
    }
}
