package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** GPT-2's ids: published examples, llama.cpp's 46 strings, and jtokkit on random text. */
class Gpt2GoldenTest {
    private static final ByteLevelBpe GPT2 = Vocabularies.gpt2();

    @Test
    void publishedExamples() {
        assertThat(GPT2.vocabSize()).isEqualTo(50257);
        assertThat(GPT2.endOfText()).isEqualTo(50256);
        assertThat(GPT2.encode("hello world")).containsExactly(31373, 995);
        assertThat(GPT2.encode("0".repeat(17))).containsExactly(8269, 10535, 830);
        assertThat(GPT2.encode("")).isEmpty();
    }

    @Test
    void specialTokensInTextArePlainText() {
        assertThat(GPT2.encode("<|endoftext|>")).hasSizeGreaterThan(1).doesNotContain(50256);
        assertThat(GPT2.decode(new int[] {31373, 50256, 995})).isEqualTo("hello world");
        assertThat(GPT2.specialToken("<|endoftext|>")).contains(50256);
        assertThat(GPT2.specialToken("<|nothing|>")).isEmpty();
    }

    @Test
    void idsOfLlamaCppsTestStrings() throws IOException {
        Path inputs = SharedData.find("tokenizers/ggml-vocab.inp");
        Path outputs = SharedData.find("tokenizers/ggml-vocab-gpt-2.out");
        List<String> texts = List.of(Files.readString(inputs).split("\n__ggml_vocab_test__\n", -1));
        List<String> ids = Files.readString(outputs).lines().toList();
        int compared = 0;
        for (int i = 0; i < ids.size(); i++) {
            int[] expected = Arrays.stream(ids.get(i).trim().split(" "))
                    .filter(id -> !id.isEmpty())
                    .mapToInt(Integer::parseInt)
                    .toArray();
            assertThat(GPT2.encode(texts.get(i)))
                    .as("string %d: %s", i, texts.get(i))
                    .isEqualTo(expected);
            assertThat(GPT2.decode(expected)).isEqualTo(texts.get(i));
            compared++;
        }
        assertThat(compared).isEqualTo(46);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void agreesWithJtokkitOnRandomText(long seed) {
        Encoding jtokkit = Vocabularies.jtokkit(EncodingType.R50K_BASE);
        var random = RandomText.random(seed);
        for (int i = 0; i < 300; i++) {
            String text = RandomText.text(random, 1 + random.nextInt(60));
            assertThat(GPT2.encode(text))
                    .as("seed %d, text %d: %s", seed, i, text)
                    .isEqualTo(jtokkit.encodeOrdinary(text).toArray());
        }
    }

    @Test
    void longPiecesMergeLikeShortOnes() {
        Encoding jtokkit = Vocabularies.jtokkit(EncodingType.R50K_BASE);
        var random = RandomText.random(11);
        StringBuilder piece = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            piece.append((char) ('a' + random.nextInt(5)));
        }
        for (int length : new int[] {190, 191, 192, 193, 194, 500, 3000}) {
            String text = piece.substring(0, length);
            assertThat(GPT2.encode(text))
                    .as("seed 11, length %d", length)
                    .isEqualTo(jtokkit.encodeOrdinary(text).toArray());
        }
    }

    @Test
    void anUnbrokenMegabyteIsNotQuadratic() {
        String text = "ab".repeat(500_000);
        assertThat(GPT2.decode(GPT2.encode(text))).isEqualTo(text);
    }
}
