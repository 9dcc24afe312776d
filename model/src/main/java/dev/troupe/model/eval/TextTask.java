package dev.troupe.model.eval;

import java.nio.file.Path;

/** Bits per byte of a text file. */
record TextTask(Path file) implements EvaluationTask {
    private static final int BATCH = 4;

    @Override
    public String name() {
        return "text:" + file.getFileName();
    }

    @Override
    public double score(EvaluatedModel model) {
        EvaluationSet set = EvaluationSet.ofFile(file, model.tokenizer(), model.time());
        try (PerplexityEvaluator evaluator = new PerplexityEvaluator(
                model.stage().config(), model.weights(), model.kernels(), BATCH, model.time())) {
            return evaluator.evaluate(set).bitsPerByte();
        }
    }
}
