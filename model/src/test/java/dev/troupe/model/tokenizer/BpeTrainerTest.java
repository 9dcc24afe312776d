package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Learned merges: the textbook example, a reference trainer's list, and independence of threads and order. */
class BpeTrainerTest {
    private static final List<String> SPECIAL = List.of("<|endoftext|>");

    @Test
    void textbookExample() {
        ByteLevelBpe bpe = BpeTrainer.train(List.of("aaabdaaabac"), 259, List.of(), 1);
        assertThat(bpe.encode("aaabdaaabac")).containsExactly(258, 100, 258, 97, 99);
        assertThat(bpe.vocabSize()).isEqualTo(259);
        assertThat(bpe.endOfText()).isEqualTo(Tokenizer.NO_TOKEN);
    }

    /** Stanford CS336's trainer breaks ties as ours: the lexicographically greatest pair. */
    @Test
    void mergesEqualTheReferenceTrainers() throws IOException {
        Path corpus = SharedData.find("tokenizers/bpe-train-golden/corpus.en");
        List<String> expected =
                Files.readAllLines(SharedData.find("tokenizers/bpe-train-golden/train-bpe-reference-merges.txt"));
        ByteLevelBpe bpe = BpeTrainer.train(List.of(Files.readString(corpus)), 500, SPECIAL, 2);
        assertThat(merges(bpe)).isEqualTo(expected);
    }

    @Test
    void resultDoesNotDependOnThreadsOrOrder() throws IOException {
        Path corpus = SharedData.find("tokenizers/bpe-train-golden/corpus.en");
        List<String> lines = new ArrayList<>(Files.readAllLines(corpus));
        List<String> once = merges(BpeTrainer.train(lines, 1000, SPECIAL, 1));
        Collections.shuffle(lines, new Random(5));
        assertThat(merges(BpeTrainer.train(lines, 1000, SPECIAL, 4))).isEqualTo(once);
    }

    /** Against the plainest trainer: count all pairs anew before each merge. */
    @Test
    void mergesEqualThoseOfFullRecounts() {
        for (long seed = 1; seed <= 5; seed++) {
            var random = RandomText.random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 400; i++) {
                int length = 1 + random.nextInt(12);
                IntStream.range(0, length).forEach(j -> text.append((char) ('a' + random.nextInt(3))));
                text.append(' ');
            }
            ByteLevelBpe bpe = BpeTrainer.train(List.of(text.toString()), 256 + 120, List.of(), 2);
            assertThat(merges(bpe)).as("seed %d", seed).isEqualTo(NaiveBpe.merges(text.toString(), 256 + 120));
        }
    }

    @Test
    void specialTokensComeLast() {
        ByteLevelBpe bpe =
                BpeTrainer.train(List.of("to be or not to be to be"), 262, List.of("<|endoftext|>", "<|x|>"), 1);
        assertThat(bpe.specialToken("<|endoftext|>")).contains(260);
        assertThat(bpe.specialToken("<|x|>")).contains(261);
        assertThat(bpe.endOfText()).isEqualTo(260);
    }

    @Test
    void aSmallCorpusGivesFewerIds() {
        ByteLevelBpe bpe = BpeTrainer.train(List.of("abab"), 5000, SPECIAL, 1);
        assertThat(bpe.vocabSize()).isEqualTo(258);
        assertThat(bpe.endOfText()).isEqualTo(257);
    }

    @Test
    void badRequestsAreExplained() {
        assertThatThrownBy(() -> BpeTrainer.train(List.of("a"), 256, SPECIAL, 1))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("at least 257");
        assertThatThrownBy(() -> BpeTrainer.train(List.of(), 300, SPECIAL, 1))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("corpus is empty");
    }

    private static List<String> merges(ByteLevelBpe bpe) {
        MergeTable merges = bpe.merges();
        List<String> spelled = new ArrayList<>();
        for (int i = 0; i < merges.size(); i++) {
            spelled.add(ByteLevelAlphabet.spell(bpe.tokenBytes(merges.left(i))) + " "
                    + ByteLevelAlphabet.spell(bpe.tokenBytes(merges.right(i))));
        }
        return spelled;
    }
}
