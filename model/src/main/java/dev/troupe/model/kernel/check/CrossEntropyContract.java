package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.loss.CrossEntropy;
import dev.troupe.model.tensor.Tensor;

/**
 * Losses alone, and losses with the gradient in place of the logits; some targets do not count. Then both halves of the
 * form for a part of the vocabulary.
 */
final class CrossEntropyContract implements OperationContract<Kernels> {
    @Override
    public String name() {
        return "cross entropy";
    }

    @Override
    public void brief(Comparison<Kernels> on) {
        on.where(KernelUse.TRAINING, () -> at(on, 4, 65));
    }

    @Override
    public void full(Comparison<Kernels> on) {
        Sizes.sweep((rows, vocab) -> at(on, rows, vocab), 4099);
        at(on, 3, 50_257);
    }

    private static void at(Comparison<Kernels> on, int rows, int vocab) {
        on.compare("cross entropy", "rows " + rows + ", vocab " + vocab, vocab, (kernels, in) -> {
            int[] targets = in.indices(rows, CrossEntropy.IGNORE, vocab);
            Tensor logits = in.output("logits", rows, vocab);
            kernels.crossEntropy().forward(rows, vocab, logits, targets, in.result("losses", rows));
            Tensor losses = in.result("losses with gradient", rows);
            kernels.crossEntropy().forwardBackward(rows, vocab, logits, targets, 0.5f, losses);

            Tensor part = in.output("part of the vocabulary", rows, vocab);
            Tensor maxima = in.result("maxima", rows);
            kernels.crossEntropy().exponentials(rows, vocab, part, maxima, in.result("sums", rows));
            kernels.crossEntropy().gradients(rows, vocab, part, maxima, targets, 0.5f);
        });
    }
}
