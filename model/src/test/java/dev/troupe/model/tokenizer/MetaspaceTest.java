package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.gguf.GgufMetadata;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where files say that "\u2581" is put before text, with ids worked out by hand from Hugging Face's rules. */
class MetaspaceTest {
    private static final String LLAMA = """
            "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"},
              {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]}, "pre_tokenizer": null""";

    private static String metaspace(String fields) {
        return "\"normalizer\": null, \"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"\u2581\"" + fields
                + "}";
    }

    /** Of the scheme by its name here. */
    private static String steps(String scheme) {
        return switch (scheme) {
            case "llama" -> LLAMA;
            case "default" -> metaspace("");
            case "old" -> metaspace(", \"add_prefix_space\": true");
            case "old, off" -> metaspace(", \"add_prefix_space\": false");
            default -> metaspace(", \"prepend_scheme\": \"" + scheme + "\", \"split\": false");
        };
    }

    /** "&lt;s&gt;" is 1, "\u2581" 3, "a" 4, "b" 5, "\u2581a" 6, "\u2581\u2581" 7, "a\u2581" 8; merged in this order. */
    private static String json(String steps) {
        return """
                {"added_tokens": [{"id": 0, "content": "<unk>", "special": true},
                  {"id": 1, "content": "<s>", "special": true}, {"id": 2, "content": "</s>", "special": true}],
                 %s,
                 "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
                  "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "\u2581": 3, "a": 4, "b": 5, "\u2581a": 6, "\u2581\u2581": 7,
                   "a\u2581": 8},
                  "merges": ["\u2581 a", "\u2581 \u2581", "a \u2581"]}}
                """.formatted(steps);
    }

    private static List<Tokenizer> inEachFormat(String steps) {
        Tokenizer read = TokenizerJson.parse(json(steps));
        return List.of(
                read,
                TokenizerJson.parse(TokenizerJson.toJson(read)),
                GgufVocabulary.read(new GgufMetadata("test", GgufVocabularyWriter.write(read, read.vocabSize()))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            first    | "a"         | 6
            first    | "a a"       | 6 6
            first    | " a"        | 6
            first    | "\u2581a"   | 6
            first    | "a<s>a"     | 6 1 4
            first    | "<s>a"      | 1 4
            first    | "<s> a"     | 1 6
            first    | "a  b"      | 6 7 5
            always   | "a"         | 6
            always   | " a"        | 6
            always   | "a<s>a"     | 6 1 6
            always   | "<s>a"      | 1 6
            always   | "<s> a"     | 1 6
            never    | "a"         | 4
            never    | " a"        | 6
            never    | "a<s>a"     | 4 1 4
            never    | "a b"       | 8 5
            llama    | "a"         | 6
            llama    | " a"        | 3 6
            llama    | "a<s>a"     | 6 1 6
            llama    | "<s> a"     | 1 3 6
            default  | "a<s>a"     | 6 1 6
            default  | " a"        | 6
            default  | "a  b"      | 6 3 3 5
            old      | "a<s> a"    | 6 1 6
            old, off | "a<s>a b"   | 4 1 4 3 5
            """)
    void idsOfEachScheme(String scheme, String text, String expected) {
        int[] ids =
                Arrays.stream(expected.split(" ")).mapToInt(Integer::parseInt).toArray();
        for (Tokenizer tokenizer : inEachFormat(steps(scheme))) {
            assertThat(tokenizer.encodeMarkup(text)).isEqualTo(ids);
        }
    }

    @ParameterizedTest
    @CsvSource({"first", "always", "never", "llama", "default"})
    void decodingTakesThePrefixAway(String scheme) {
        for (Tokenizer tokenizer : inEachFormat(steps(scheme))) {
            assertThat(tokenizer.decode(tokenizer.encode("a  ba b"))).isEqualTo("a  ba b");
        }
    }

    @Test
    void whatIsNotSupportedIsNamed() {
        assertRefused(steps("sometimes"), "prepend_scheme 'sometimes'");
        assertRefused(metaspace("").replace("\u2581", "_"), "replacement is '_'");
        assertRefused(
                metaspace("").replace("null", "{\"type\": \"Lowercase\"}"), "the normalizer {\"type\":\"Lowercase\"}");
        assertRefused(LLAMA.replace("null", "{\"type\": \"Digits\"}"), "the pre-tokenizer {\"type\":\"Digits\"}");
    }

    private static void assertRefused(String steps, String problem) {
        assertThatThrownBy(() -> TokenizerJson.parse(json(steps)))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(problem);
    }
}
