package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.sampling.Sampler;
import dev.troupe.model.sampling.SamplingOptions;
import dev.troupe.model.sampling.SamplingSpace;
import dev.troupe.model.sampling.TokenCounts;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;

/** Generates for one sequence at a time, as the only user of its model; for the command line and for samples. */
public final class TextGenerator {
    private final InferenceModel model;
    private final Tokenizer tokenizer;
    private final KvBlockPool blocks;

    public TextGenerator(InferenceModel model, Tokenizer tokenizer) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.blocks = new KvBlockPool(model.numKvBlocks());
    }

    /**
     * Generates until a stop token, {@code maxTokens}, or the end of the context.
     *
     * @param prompt ids; when empty, generation starts from the beginning-of-text or else the end-of-text token
     * @param onToken is given each token as it is drawn, stop tokens excepted
     * @return the generated tokens, without a stop token
     * @throws TroupeException when the prompt does not fit
     */
    public List<Integer> generate(
            int[] prompt, int maxTokens, SamplingOptions options, Set<Integer> stopTokens, IntConsumer onToken) {
        int[] start =
                prompt.length > 0 ? prompt : new int[] {tokenizer.beginOfText().orElseGet(tokenizer::endOfText)};
        int capacity = Math.min(model.config().contextLength(), model.numKvBlocks() * KvBlocks.BLOCK_TOKENS);
        if (start.length > capacity) {
            throw new TroupeException("the prompt has " + start.length + " tokens, but this model holds " + capacity
                    + ": shorten the prompt");
        }
        int length = Math.min(capacity, start.length + maxTokens);
        int[] table = blocks.tryAllocate(Math.ceilDiv(length, KvBlocks.BLOCK_TOKENS));
        if (table == null) {
            throw new IllegalStateException("this generator's blocks are in use: it generates one sequence at a time");
        }
        try {
            return generate(start, length, table, options, stopTokens, onToken);
        } finally {
            blocks.free(table);
        }
    }

    private List<Integer> generate(
            int[] prompt,
            int length,
            int[] table,
            SamplingOptions options,
            Set<Integer> stopTokens,
            IntConsumer onToken) {
        List<Integer> answer = new ArrayList<>();
        Sampler sampler = new Sampler(options, new SamplingSpace());
        TokenCounts history = TokenCounts.ofPrompt(Arrays.stream(prompt).boxed().toList());
        if (prompt.length >= length) {
            return answer;
        }
        Tensor logits = prefill(prompt, table);
        while (true) {
            int token = sampler.sample(logits, 0, answer.size(), history);
            if (stopTokens.contains(token)) {
                return answer;
            }
            answer.add(token);
            history.add(token);
            onToken.accept(token);
            int position = prompt.length + answer.size() - 1;
            if (position + 1 >= length) {
                return answer;
            }
            logits = run(new int[] {token}, position, table, false, true);
        }
    }

    private Tensor prefill(int[] prompt, int[] table) {
        int last = (prompt.length - 1) / model.maxRows() * model.maxRows(); // where the last chunk begins
        for (int from = 0; from < last; from += model.maxRows()) {
            run(Arrays.copyOfRange(prompt, from, from + model.maxRows()), from, table, true, false);
        }
        return run(Arrays.copyOfRange(prompt, last, prompt.length), last, table, true, true);
    }

    private Tensor run(int[] tokens, int firstPosition, int[] table, boolean ofPrompt, boolean wantLast) {
        int rows = tokens.length;
        int[] positions = new int[rows];
        Arrays.setAll(positions, row -> firstPosition + row);
        int[][] tables = new int[rows][];
        Arrays.fill(tables, table);
        boolean[] wanted = new boolean[rows];
        wanted[rows - 1] = wantLast;
        boolean[] prompts = new boolean[rows];
        Arrays.fill(prompts, ofPrompt);
        return model.forward(rows, tokens, positions, tables, wanted, prompts);
    }
}
