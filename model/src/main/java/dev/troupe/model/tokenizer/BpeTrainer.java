package dev.troupe.model.tokenizer;

import dev.troupe.model.TroupeException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Learns a byte-level BPE vocabulary from text, with GPT-2's pre-tokenizer.
 *
 * <p>Ids: 0 to 255 are the bytes, then one a merge in the order of learning, special tokens last. The result is the
 * same for any number of threads and any order of documents: the most frequent pair merges first, and of equally
 * frequent pairs the one whose tokens' bytes are lexicographically greatest (left token first). A corpus in which no
 * pair occurs twice any more gives fewer ids than asked for.
 */
public final class BpeTrainer {
    /** The special token between documents. */
    public static final String END_OF_TEXT = "<|endoftext|>";

    private BpeTrainer() {}

    /** Trains on a list of documents. */
    public static ByteLevelBpe train(List<String> texts, int vocabSize, List<String> specialTokens, int threads) {
        return train(texts.stream(), vocabSize, specialTokens, threads);
    }

    /** Trains on documents that are read once, in order, and not kept. */
    public static ByteLevelBpe train(Stream<String> texts, int vocabSize, List<String> specialTokens, int threads) {
        try (WordCounter counter = new WordCounter(PreTokenizers.GPT2, threads)) {
            texts.sequential().forEach(counter::add);
            return train(counter, vocabSize, specialTokens);
        }
    }

    /**
     * Trains on what a counter has counted.
     *
     * @param vocabSize ids in all: 256 bytes, merges, special tokens
     * @throws TroupeException when the vocabulary is too small for bytes and special tokens, or nothing was counted
     */
    public static ByteLevelBpe train(WordCounter counter, int vocabSize, List<String> specialTokens) {
        int numTokens = vocabSize - specialTokens.size();
        if (numTokens < 256) {
            throw new TroupeException("a vocabulary of " + vocabSize + " is too small: it needs at least "
                    + (256 + specialTokens.size()) + " ids, 256 for the bytes and " + specialTokens.size()
                    + " for special tokens");
        }
        WordCounts words = counter.finish();
        if (words.size() == 0) {
            throw new TroupeException("there is no text to train a tokenizer on: the corpus is empty");
        }
        MergeLearner learner = new MergeLearner(words);
        learner.learn(numTokens);
        return build(counter.preTokenizer(), learner, specialTokens);
    }

    private static ByteLevelBpe build(PreTokenizer preTokenizer, MergeLearner learner, List<String> specialTokens) {
        ByteLevelBpe.Builder builder = new ByteLevelBpe.Builder(preTokenizer);
        List<byte[]> tokens = learner.tokens();
        for (int id = 0; id < tokens.size(); id++) {
            builder.token(id, tokens.get(id));
        }
        IntList merges = learner.merges();
        for (int i = 0; i < merges.size(); i += 3) {
            builder.merge(merges.get(i), merges.get(i + 1), merges.get(i + 2));
        }
        Map<String, Integer> special = new LinkedHashMap<>();
        for (String token : specialTokens) {
            special.put(token, tokens.size() + special.size());
        }
        return builder.special(SpecialTokens.guessingEnd(special, Tokenizer.NO_TOKEN))
                .build();
    }
}
