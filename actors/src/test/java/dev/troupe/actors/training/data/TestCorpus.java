package dev.troupe.actors.training.data;

import dev.troupe.model.data.CorpusPreparation;
import dev.troupe.model.data.Document;
import dev.troupe.model.data.DocumentSource;
import dev.troupe.model.data.TokenShards;
import dev.troupe.model.tokenizer.CharTokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/** Token shards of made-up text, larger than what a data node gives at once. */
final class TestCorpus {
    private static final String LETTERS = "abcdefgh ";
    private static final CharTokenizer TOKENIZER = CharTokenizer.train(LETTERS);

    private TestCorpus() {}

    /** Tokens that a seed decides. */
    static TokenShards prepare(Path folder, long seed, int tokens) {
        String text = new Random(seed)
                .ints(tokens, 0, LETTERS.length())
                .mapToObj(i -> LETTERS.substring(i, i + 1))
                .collect(Collectors.joining());
        return CorpusPreparation.prepare(
                        DocumentSource.of("test", List.of(new Document("test", text))),
                        TOKENIZER,
                        folder,
                        0.1,
                        CorpusPreparation.Progress.none())
                .train();
    }
}
