package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * llama.cpp's 46 strings by rules of families whose own vocabularies are not at hand. They grew out of cl100k's: Llama
 * 3 has its tokens by the same numbers and more behind them; Qwen 2 left those of several digits out and has the others
 * in the same order.
 */
class PublishedIdsTest {
    private static final int CL100K_TOKENS = 100_256;

    private static List<String> texts() throws IOException {
        return List.of(
                Files.readString(SharedData.find("tokenizers/ggml-vocab.inp")).split("\n__ggml_vocab_test__\n", -1));
    }

    private static List<int[]> ids(String family) throws IOException {
        return Files.readString(SharedData.find("tokenizers/ggml-vocab-" + family + ".out"))
                .lines()
                .map(line -> Arrays.stream(line.trim().split(" "))
                        .filter(Predicate.not(String::isEmpty))
                        .mapToInt(Integer::parseInt)
                        .toArray())
                .toList();
    }

    @Test
    void llama3HasCl100ksNumbers() throws IOException {
        List<String> texts = texts();
        List<int[]> published = ids("llama-bpe");
        Tokenizer tokenizer = Vocabularies.cl100k();
        int compared = 0;
        for (int i = 0; i < published.size(); i++) {
            if (Arrays.stream(published.get(i)).allMatch(id -> id < CL100K_TOKENS)) {
                assertThat(tokenizer.encode(texts.get(i)))
                        .as("string %d: %s", i, texts.get(i))
                        .isEqualTo(published.get(i));
                compared++;
            }
        }
        assertThat(compared).isEqualTo(41); // the others have tokens that are Llama 3's own
    }

    @Test
    void qwen2CutsWhereItsNumbersSay() throws IOException {
        List<String> texts = texts();
        List<int[]> published = ids("qwen2");
        Tokenizer tokenizer = Vocabularies.cl100k(PreTokenizers.QWEN2);
        Map<Integer, Integer> numbers = new TreeMap<>();
        int compared = 0;
        for (int i = 0; i < published.size(); i++) {
            int[] ours = tokenizer.encode(texts.get(i));
            int[] theirs = published.get(i);
            for (int j = 0; j < theirs.length && ours.length == theirs.length; j++) {
                Integer before = numbers.put(ours[j], theirs[j]);
                assertThat(before == null || before == theirs[j])
                        .as("string %d: %s, token %d", i, texts.get(i), j)
                        .isTrue();
            }
            compared += ours.length == theirs.length ? 1 : 0;
        }
        assertThat(List.copyOf(numbers.values())).isSorted();
        assertThat(compared).isEqualTo(40); // the others have words that only Qwen 2 has
    }
}
