package dev.troupe.model.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.SharedData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** nanoGPT's character-level Shakespeare (its data/shakespeare_char/prepare.py prints these numbers). */
class TinyShakespeareTest {
    @TempDir
    Path directory;

    @Test
    void isSplitAndEncodedAsNanoGptDoes() throws Exception {
        Path file = SharedData.find("text/tinyshakespeare.txt");
        TextSource source = TextSource.open(file);
        CharTokenizer tokenizer;
        try (var texts = new CorpusReader(source, 0.1).allTexts()) {
            tokenizer = CharTokenizer.train(texts.collect(Collectors.joining()));
        }
        PreparedCorpus corpus =
                CorpusPreparation.prepare(source, tokenizer, directory, 0.1, CorpusPreparation.Progress.none());
        assertThat(corpus.train().vocabSize()).isEqualTo(65);
        assertThat(corpus.train().tokens()).isEqualTo(1_003_854);
        assertThat(corpus.heldOut().tokens()).isEqualTo(111_540);
        int[] first = corpus.train().copyOfRange(0, 1_003_854);
        int[] last = corpus.heldOut().copyOfRange(0, 111_540);
        assertThat(tokenizer.decode(first) + tokenizer.decode(last)).isEqualTo(Files.readString(file));
        assertThat(new TokenBatches(corpus.train(), BatchOrder.RANDOM, 1337).numWindows(64))
                .isPositive();
    }
}
