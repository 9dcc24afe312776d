package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tensor.Tensor;

/** Look-up and gradient, rows occurring more than once. */
final class EmbeddingContract implements OperationContract<Kernels> {
    private static final int TABLE_ROWS = 5;

    @Override
    public String name() {
        return "embedding";
    }

    @Override
    public void brief(Comparison<Kernels> on) {
        on.where(KernelUse.INFERENCE, () -> gather(on, 9, 19));
        on.where(KernelUse.TRAINING, () -> scatter(on, 9, 19));
    }

    @Override
    public void full(Comparison<Kernels> on) {
        Sizes.sweep((rows, dim) -> at(on, rows, dim), 768);
    }

    private static void at(Comparison<Kernels> on, int rows, int dim) {
        gather(on, rows, dim);
        scatter(on, rows, dim);
    }

    private static void gather(Comparison<Kernels> on, int rows, int dim) {
        on.compare("embedding", "rows " + rows + ", dim " + dim, 1, (kernels, in) -> {
            int[] indices = in.indices(rows, 0, TABLE_ROWS);
            Tensor table = in.normal(TABLE_ROWS, dim);
            for (boolean accumulate : new boolean[] {false, true}) {
                Tensor out = accumulate ? in.output("sum", rows, dim) : in.result("rows", rows, dim);
                kernels.embedding().gather(rows, dim, indices, table, out, accumulate);
            }
        });
    }

    private static void scatter(Comparison<Kernels> on, int rows, int dim) {
        on.compare("embedding gradient", "rows " + rows + ", dim " + dim, rows, (kernels, in) -> {
            int[] indices = in.indices(rows, 0, TABLE_ROWS);
            Tensor dTable = in.output("dTable", TABLE_ROWS, dim);
            kernels.embedding().scatterAdd(rows, dim, indices, in.normal(rows, dim), dTable);
        });
    }
}
