package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;

/** Sums, biases, zeroing, dropout and the sum of squares. */
final class ElementwiseContract implements OperationContract<Kernels> {
    @Override
    public String name() {
        return "elementwise";
    }

    @Override
    public void brief(Comparison<Kernels> on) {
        on.where(KernelUse.TRAINING, () -> at(on, 5, 23));
    }

    @Override
    public void full(Comparison<Kernels> on) {
        Sizes.sweep((rows, dim) -> at(on, rows, dim), 2048);
    }

    private static void at(Comparison<Kernels> on, int rows, int dim) {
        String shape = "rows " + rows + ", dim " + dim;
        long n = (long) rows * dim;
        on.compare("elementwise", shape, rows, (kernels, in) -> {
            kernels.elementwise().add(n, in.normal(rows, dim), in.output("sum", rows, dim));
            kernels.elementwise().addBias(rows, dim, in.normal(dim), in.output("biased", rows, dim));
            kernels.elementwise().biasBackward(rows, dim, in.normal(rows, dim), in.output("dBias", dim));
            kernels.elementwise().zero(n / 3, n, in.output("partly zeroed", rows, dim));
            kernels.elementwise().dropout(n, 0.3f, 42, 7, in.output("dropped", rows, dim));
        });
        on.compare("sum of squares", shape, rows * dim, (kernels, in) -> {
            double sum = kernels.elementwise().sumOfSquares(1, 1 + n, in.normal(2 + rows * dim));
            in.result("sum", 1).set(0, (float) sum);
        });
    }
}
