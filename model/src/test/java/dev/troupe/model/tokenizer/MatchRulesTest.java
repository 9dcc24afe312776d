package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.gguf.GgufMetadata;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Special tokens that take white space with them or are words, read and written in each format. */
class MatchRulesTest {
    private static final List<String> SPECIAL = List.of("<|endoftext|>", "<left>", "<right>", "word");

    private static ObjectNode json(boolean special) throws IOException {
        ByteLevelBpe trained = BpeTrainer.train(List.of("zz"), 256 + SPECIAL.size(), SPECIAL, 1);
        ObjectNode root = (ObjectNode) new JsonMapper().readTree(TokenizerJson.toJson(trained));
        root.path("added_tokens")
                .forEach(token -> ((ObjectNode) token)
                        .put("lstrip", token.path("content").asText().equals("<left>"))
                        .put("rstrip", token.path("content").asText().equals("<right>"))
                        .put("single_word", token.path("content").asText().equals("word"))
                        .put("special", special));
        return root;
    }

    private static List<Tokenizer> inEachFormat() throws IOException {
        Tokenizer read = TokenizerJson.parse(json(true).toString());
        return List.of(
                read,
                TokenizerJson.parse(TokenizerJson.toJson(read)),
                TokenizerJson.parse(TokenizerJson.toWire(read)),
                GgufVocabulary.read(new GgufMetadata("test", GgufVocabularyWriter.write(read, read.vocabSize()))));
    }

    /** "^" is {@code <left>}, "$" {@code <right>}, "@" the word; what they take is gone. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            "a \t\u2003<left> b"         | "a^ b"
            "a <right> \n\u00A0b"        | "a $b"
            "<left>  <left>  <right>  "  | "^^  $"
            "a<right>  <left>b"          | "a$^b"
            "\u00E9<left>"               | "\u00E9^"
            "word"                       | "@"
            "a word, word."              | "a @, @."
            "aword word_ \u00E9word"     | "aword word_ \u00E9word"
            "word1 wordword -word-"      | "word1 wordword -@-"
            """)
    void whatIsTaken(String text, String expected) throws IOException {
        for (Tokenizer tokenizer : inEachFormat()) {
            StringBuilder shown = new StringBuilder();
            byte[] pending = new byte[0];
            for (int id : tokenizer.encodeMarkup(text)) {
                String mark = tokenizer.specialSpelling(id).orElse("");
                if (mark.isEmpty()) {
                    pending = append(pending, tokenizer.tokenBytes(id));
                    continue;
                }
                shown.append(Utf8.text(pending, 0, pending.length))
                        .append(mark.equals("<left>") ? "^" : mark.equals("<right>") ? "$" : "@");
                pending = new byte[0];
            }
            assertThat(shown.append(Utf8.text(pending, 0, pending.length)).toString())
                    .isEqualTo(expected);
        }
    }

    private static byte[] append(byte[] left, byte[] right) {
        byte[] joined = Arrays.copyOf(left, left.length + right.length);
        System.arraycopy(right, 0, joined, left.length, right.length);
        return joined;
    }

    @ParameterizedTest
    @ValueSource(strings = {"a <left> b", " <right> ", "a word"})
    void usersTextComesBackAsItWas(String text) throws IOException {
        for (Tokenizer tokenizer : inEachFormat()) {
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
    }

    @Test
    void tokensOfUsersTextWithRulesAreRefused() throws IOException {
        String json = json(false).toString();
        assertThatThrownBy(() -> TokenizerJson.parse(json))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("the added token '<left>' is not special and takes away spaces");
    }
}
