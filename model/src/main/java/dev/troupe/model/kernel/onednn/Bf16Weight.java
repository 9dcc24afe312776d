package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.linear.LinearWeight;
import dev.troupe.model.kernel.linear.WeightVersion;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;

/**
 * A weight matrix W [out, in] in bf16, laid out as B of the forward product and, for a backward pass, as B of the input
 * gradient. Each copy is made by the first product that needs it after a change of the version.
 */
final class Bf16Weight implements LinearWeight {
    private final Tensor w;
    private final WeightVersion version;
    private final Copy forward;
    private final Copy backward;

    /** One of the two layouts. */
    private static final class Copy {
        private final int n;
        private final int depth;
        private final MemorySegment panels;
        private long madeOf; // version; 0 for none

        Copy(int n, int k, boolean wanted, TensorArena arena) {
            this.n = n;
            this.depth = Bf16Panels.depth(k);
            this.panels = arena.allocateBytes(wanted ? Bf16Panels.count(n) * Bf16Panels.panelBytes(depth) : 0);
        }
    }

    Bf16Weight(Tensor w, WeightVersion version, boolean backward, TensorArena arena) {
        this.w = w;
        this.version = version;
        this.forward = new Copy(out(), in(), true, arena);
        this.backward = new Copy(in(), out(), backward, arena);
    }

    @Override
    public int in() {
        return w.dim(1);
    }

    @Override
    public int out() {
        return w.dim(0);
    }

    /** Address of Wᵀ [in, out] in panels. */
    long forward(TiledProduct products) {
        return current(forward, new FloatColumns(false, in(), w.address(), in() * 4L), products);
    }

    /** Address of W [out, in] in panels. */
    long backward(TiledProduct products) {
        if (backward.panels.byteSize() == 0) {
            throw new IllegalStateException("this weight was made without a backward pass");
        }
        return current(backward, new FloatColumns(true, out(), w.address(), in() * 4L), products);
    }

    private long current(Copy copy, PieceSource source, TiledProduct products) {
        if (!w.isAlive() || !copy.panels.scope().isAlive()) {
            throw new IllegalStateException("the weight belongs to an arena that is closed");
        }
        if (copy.madeOf != version.number()) {
            products.layOutRight(copy.n, copy.depth, source, copy.panels.address());
            copy.madeOf = version.number();
        }
        return copy.panels.address();
    }
}
