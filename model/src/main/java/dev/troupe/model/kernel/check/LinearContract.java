package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.check.Comparison.Inputs;
import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.kernel.linear.LinearProducts;
import dev.troupe.model.kernel.linear.LinearWeight;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.kernel.linear.WeightVersion;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Forward and backward of linear layers, with and without an activation; operands are read through products. */
final class LinearContract implements OperationContract<Kernels> {
    private static final int[] ROWS = {0, 1, 2, 17, 65, 130};
    private static final int[][] WIDTHS = {{1, 2}, {33, 16}, {64, 130}, {17, 66}, {130, 64}}; // in, out

    @Override
    public String name() {
        return "linear";
    }

    @Override
    public void brief(Comparison<Kernels> on) {
        on.where(KernelUse.TRAINING, () -> {
            plain(on, 21, 33, 70, false);
            activated(on, 21, 33, 70, Epilogue.GELU);
            activated(on, 67, 20, 34, Epilogue.SWIGLU);
        });
    }

    @Override
    public void full(Comparison<Kernels> on) {
        for (int rows : ROWS) {
            for (int[] widths : WIDTHS) {
                plain(on, rows, widths[0], widths[1], false);
                plain(on, rows, widths[0], widths[1], true);
                for (Epilogue activation : Epilogue.values()) {
                    activated(on, rows, widths[0], widths[1], activation);
                }
            }
        }
        plain(on, 300, 384, 96, true);
        plain(on, 5, 1031, 33, true);
        plain(on, 5, 33, 1031, false);
        activated(on, 200, 96, 1536, Epilogue.GELU);
        activated(on, 200, 96, 1100, Epilogue.SWIGLU);
    }

    private static Operand stored(Kernels kernels, Inputs in, int rows, int columns) {
        Operand operand = kernels.linear().operand(rows + 3, columns, in.arena());
        kernels.linear().store(rows, in.normal(rows, columns), operand);
        return operand;
    }

    private static LinearWeight weight(Kernels kernels, Inputs in, int out, int width) {
        return kernels.linear().weight(in.normal(out, width), new WeightVersion(), true, in.arena());
    }

    private static void plain(Comparison<Kernels> on, int rows, int in, int out, boolean add) {
        String shape = rows + " rows, " + in + " to " + out + (add ? ", added" : "");
        on.compare("linear forward", shape, in, (kernels, inputs) -> {
            LinearProducts linear = kernels.linear();
            Operand x = stored(kernels, inputs, rows, in);
            LinearWeight w = weight(kernels, inputs, out, in);
            @Nullable Tensor bias = add ? null : inputs.normal(out);
            @Nullable Tensor residual = add ? inputs.normal(rows, out) : null;
            linear.forward(rows, x, w, bias, residual, inputs.result("y", rows, out));
        });
        on.compare("linear input gradient", shape, out, (kernels, inputs) -> {
            LinearWeight w = weight(kernels, inputs, out, in);
            kernels.linear().inputGradient(rows, stored(kernels, inputs, rows, out), w, inputs.result("dx", rows, in));
        });
        on.compare("linear weight gradient", shape, rows, (kernels, inputs) -> {
            Tensor dy = inputs.normal(rows, out);
            // Stored first: until then it holds nothing.
            Operand reference = add
                    ? kernels.linear().reference(rows, out, inputs.arena())
                    : kernels.linear().operand(rows, out, inputs.arena());
            kernels.linear().store(rows, dy, reference);
            Operand x = stored(kernels, inputs, rows, in);
            Tensor dw = add ? inputs.output("dw", out, in) : inputs.result("dw", out, in);
            kernels.linear().weightGradient(rows, reference, x, dw, add, inputs.output("db", out));
        });
    }

    private static void activated(Comparison<Kernels> on, int rows, int in, int out, Epilogue activation) {
        String shape = rows + " rows, " + in + " to " + out + ", " + activation;
        int width = activation.width(out);
        on.compareOperands("linear with activation", shape, out, (kernels, inputs) -> {
            LinearProducts linear = kernels.linear();
            Operand raised = linear.operand(rows, out, inputs.arena());
            Operand y = linear.operand(rows, width, inputs.arena());
            Operand x = stored(kernels, inputs, rows, in);
            LinearWeight up = weight(kernels, inputs, out, in);
            linear.forwardActivated(rows, x, up, inputs.normal(out), activation, raised, y);
            read(kernels, inputs, rows, raised, "raised");
            read(kernels, inputs, rows, y, "y");
            LinearWeight down = weight(kernels, inputs, in, width);
            Operand to = linear.raisedGradient(rows, out, activation, inputs.arena());
            Operand dy = stored(kernels, inputs, rows, in);
            Operand dRaised = linear.activatedInputGradient(rows, dy, down, activation, raised, to);
            read(kernels, inputs, rows, dRaised, "dRaised");
        });
    }

    /** Its own memory where that is float32; else the operand times the identity, which is exact, and slow. */
    private static void read(Kernels kernels, Inputs inputs, int rows, Operand operand, String name) {
        int n = operand.columns();
        Tensor none = kernels.linear().staging(0, n, inputs.arena());
        Tensor own = operand.target(none);
        if (own != none) {
            inputs.result(name, rows, n).copyFrom(own.view(0, rows, n));
            return;
        }
        Tensor identity = inputs.arena().allocate(n, n);
        for (int i = 0; i < n; i++) {
            identity.set((long) i * n + i, 1);
        }
        LinearWeight w = kernels.linear().weight(identity, new WeightVersion(), false, inputs.arena());
        kernels.linear().forward(rows, operand, w, null, null, inputs.result(name, rows, n));
    }
}
