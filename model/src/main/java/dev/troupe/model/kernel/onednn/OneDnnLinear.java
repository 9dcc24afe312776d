package dev.troupe.model.kernel.onednn;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.model.kernel.activation.ActivationRows;
import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.kernel.linear.LinearProducts;
import dev.troupe.model.kernel.linear.LinearWeight;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.kernel.linear.WeightVersion;
import dev.troupe.model.kernel.vector.Bf16Lanes;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.kernel.vector.Rows;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;

/**
 * Linear layers whose operands are kept in bf16. Activations are computed on tiles of sums while these are in the
 * cache: what reaches memory is in bf16.
 */
final class OneDnnLinear implements LinearProducts {
    private static final int GRAIN = 1 << 14; // numbers to round, so that sharing pays

    private final OneDnnGemm owner; // of the primitives: as long as it is reachable, they live
    private final TiledProduct products;

    OneDnnLinear(OneDnnGemm owner, TiledProduct products) {
        this.owner = owner;
        this.products = products;
    }

    @Override
    public Operand operand(int maxRows, int columns, TensorArena arena) {
        return Bf16Operand.allocate(maxRows, columns, arena);
    }

    @Override
    public Operand reference(int maxRows, int columns, TensorArena arena) {
        return operand(maxRows, columns, arena);
    }

    @Override
    public Operand raisedGradient(int maxRows, int columns, Epilogue activation, TensorArena arena) {
        return operand(maxRows, columns, arena);
    }

    @Override
    public Tensor staging(int maxRows, int columns, TensorArena arena) {
        return arena.allocate(maxRows, columns);
    }

    @Override
    public LinearWeight weight(Tensor w, WeightVersion version, boolean backward, TensorArena arena) {
        return new Bf16Weight(w, version, backward, arena);
    }

    private static Bf16Weight weight(LinearWeight weight) {
        if (weight instanceof Bf16Weight mine) {
            return mine;
        }
        throw new IllegalArgumentException("a weight of another provider: " + weight.getClass());
    }

    @Override
    public void store(int rows, Tensor from, Operand to) {
        int columns = to.columns();
        Bf16Operand operand = Bf16Operand.of(to, "operand", rows, columns);
        requireMatrix("from", from, rows, columns, columns);
        long source = from.address();
        Ranges.share(products.pool(), rows, Math.max(1, GRAIN / Math.max(1, columns)), (first, end) -> {
            for (long r = first; r < end; r++) {
                Bf16Lanes.storeRow(columns, columns, source + r * columns * Float.BYTES, operand.at(r, 0));
            }
        });
    }

    @Override
    public void forward(
            int rows, Operand x, LinearWeight w, @Nullable Tensor bias, @Nullable Tensor residual, Tensor y) {
        int out = w.out();
        if (residual != null) {
            requireMatrix("residual", residual, rows, out, out);
        }
        Bf16Operand left = Bf16Operand.of(x, "x", rows, w.in());
        long b = weight(w).forward(products);
        product(rows, out, left, b, residual == null ? 0 : residual.address(), biasOf(bias, out), y);
    }

    private static long biasOf(@Nullable Tensor bias, int out) {
        if (bias == null) {
            return 0;
        }
        requireSize("bias", bias, out);
        return bias.address();
    }

    private void product(int rows, int n, Bf16Operand left, long b, long addend, long bias, Tensor c) {
        requireMatrix("result", c, rows, n, n);
        PieceSource a = PieceSource.at(left.address());
        try {
            products.run(rows, n, left.depth(), a, PieceSource.at(b), addend, bias, c.address(), n);
        } finally {
            Reference.reachabilityFence(owner);
        }
    }

    @Override
    public void inputGradient(int rows, Operand dy, LinearWeight w, Tensor dx) {
        Bf16Operand left = Bf16Operand.of(dy, "dy", rows, w.out());
        product(rows, w.in(), left, weight(w).backward(products), 0, 0, dx);
    }

    @Override
    public void forwardActivated(
            int rows,
            Operand x,
            LinearWeight w,
            @Nullable Tensor bias,
            Epilogue activation,
            Operand raised,
            Operand y) {
        int out = w.out();
        Bf16Operand left = Bf16Operand.of(x, "x", rows, w.in());
        Bf16Operand before = Bf16Operand.of(raised, "raised", rows, out);
        Bf16Operand after = Bf16Operand.of(y, "y", rows, activation.width(out));
        long biasRow = biasOf(bias, out);
        tiles(rows, out, left, weight(w).forward(products), activation, (row, count, column, columns, tile, stride) -> {
            for (int r = 0; r < count; r++) {
                long sums = tile + r * stride;
                if (biasRow != 0) {
                    Rows.add(columns, sums, biasRow + column * 4L, sums);
                }
                Bf16Lanes.storeRow(columns, columns, sums, before.at(row + r, column));
                int width = activation.width(columns);
                switch (activation) {
                    case GELU -> ActivationRows.gelu(width, sums, sums);
                    case SWIGLU -> ActivationRows.swiglu(width, sums, sums);
                }
                Bf16Lanes.storeRow(width, width, sums, after.at(row + r, column));
            }
        });
    }

    @Override
    public Operand activatedInputGradient(
            int rows, Operand dy, LinearWeight w, Epilogue activation, Operand raised, Operand dRaised) {
        int width = w.in();
        int raisedWidth = raised.columns();
        Bf16Operand left = Bf16Operand.of(dy, "dy", rows, w.out());
        Bf16Operand at = Bf16Operand.of(raised, "raised", rows, raisedWidth);
        Bf16Operand to = Bf16Operand.of(dRaised, "dRaised", rows, raisedWidth);
        if (activation.width(raisedWidth) != width) {
            throw new IllegalArgumentException(
                    "raised has " + raisedWidth + " columns, whose activation is not " + width + " wide");
        }
        tiles(
                rows,
                width,
                left,
                weight(w).backward(products),
                activation,
                (row, count, column, columns, tile, stride) -> {
                    int numbers = activation == Epilogue.GELU ? columns : raisedWidth;
                    try (var memory = products.scratch().borrow((long) numbers * Float.BYTES)) {
                        long x = memory.address();
                        for (int r = 0; r < count; r++) {
                            long sums = tile + r * stride;
                            Bf16Lanes.loadRow(numbers, at.at(row + r, column), x);
                            switch (activation) {
                                case GELU -> ActivationRows.geluBackward(columns, x, sums, x);
                                case SWIGLU -> ActivationRows.swigluBackward(columns, x, sums, x);
                            }
                            Bf16Lanes.storeRow(numbers, numbers, x, to.at(row + r, column));
                        }
                    }
                });
        return dRaised;
    }

    /** SwiGLU's two halves of a row belong together. */
    private void tiles(int rows, int n, Bf16Operand left, long b, Epilogue activation, TileTask task) {
        try {
            products.run(rows, n, left.depth(), left.address(), b, activation == Epilogue.SWIGLU, task);
        } finally {
            Reference.reachabilityFence(owner);
        }
    }

    @Override
    public void weightGradient(int rows, Operand dy, Operand x, Tensor dw, boolean add, @Nullable Tensor db) {
        int in = x.columns();
        int out = dy.columns();
        requireMatrix("dw", dw, out, in, in);
        WovenRows.Left left = new WovenRows.Left(Bf16Operand.of(dy, "dy", rows, out), rows, biasOf(db, out));
        WovenRows.Right right = new WovenRows.Right(Bf16Operand.of(x, "x", rows, in), rows);
        long addend = add ? dw.address() : 0;
        try {
            products.run(out, in, Bf16Panels.depth(rows), left, right, addend, 0, dw.address(), in);
        } finally {
            Reference.reachabilityFence(owner);
        }
    }
}
