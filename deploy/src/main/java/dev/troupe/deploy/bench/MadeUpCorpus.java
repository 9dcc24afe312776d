package dev.troupe.deploy.bench;

import dev.troupe.model.data.CorpusPreparation;
import dev.troupe.model.data.Document;
import dev.troupe.model.data.DocumentSource;
import dev.troupe.model.data.PreparedCorpus;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tokenizer.CharTokenizer;
import java.nio.file.Path;
import java.util.List;

/** Words in random order, always the same: text for measurements that need some, whatever it says. */
record MadeUpCorpus(PreparedCorpus tokens, CharTokenizer tokenizer) {
    private static final List<String> WORDS = List.of("the", "cat", "dog", "sees", "runs", "to", "a", "tree", "and");

    /** So many words, as tokens of characters in a folder. */
    static MadeUpCorpus of(int words, Path folder) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            text.append(WORDS.get((int) (CounterRandom.uniform(7, 1, i) * WORDS.size())))
                    .append(' ');
        }
        CharTokenizer tokenizer = CharTokenizer.train(text.toString());
        PreparedCorpus tokens = CorpusPreparation.prepare(
                DocumentSource.of("made up", List.of(new Document("made up", text.toString()))),
                tokenizer,
                folder,
                0.1,
                CorpusPreparation.Progress.none());
        return new MadeUpCorpus(tokens, tokenizer);
    }

    int vocabSize() {
        return tokenizer.vocabSize();
    }
}
