package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Hugging Face's own tokenizers (the library, through DJL) beside ours, on one {@code tokenizer.json} each: of Llama
 * 3's kind (cl100k's rules, whole pieces without merges) and Qwen 2's (single digits, NFC), over cl100k's 100,000
 * tokens, SmolLM's (digits by themselves, then GPT-2's rules), and of GPT-2. Those models' own files are not needed:
 * vocabularies differ, rules do not.
 */
class HuggingFaceParityTest {
    private static final int TEXTS = 400;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    private static Tokenizer tokenizer(String kind) {
        return switch (kind) {
            case "gpt2" -> Vocabularies.gpt2();
            case "llama3" -> Vocabularies.cl100k();
            case "qwen2" -> Vocabularies.cl100k(PreTokenizers.QWEN2);
            case "smollm" -> Vocabularies.cl100k(PreTokenizers.SMOLLM);
            default -> throw new IllegalArgumentException(kind);
        };
    }

    private static String json(String kind) throws IOException {
        ObjectNode root = (ObjectNode) new JsonMapper().readTree(TokenizerJson.toJson(tokenizer(kind)));
        if (kind.equals("llama3")) {
            ((ObjectNode) root.get("model")).put("ignore_merges", true);
        }
        if (kind.equals("qwen2")) {
            root.putObject("normalizer").put("type", "NFC");
        }
        return root.toString();
    }

    private static HuggingFaceTokenizer peer(String json) throws IOException {
        Map<String, String> options = Map.of("addSpecialTokens", "false", "modelMaxLength", "1000000");
        try (InputStream in = new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))) {
            return HuggingFaceTokenizer.newInstance(in, options);
        } catch (UnsatisfiedLinkError | ExceptionInInitializerError | NoClassDefFoundError e) {
            return abort("Hugging Face's tokenizers do not run here: " + e);
        }
    }

    @ParameterizedTest
    @CsvSource({"gpt2, 1", "llama3, 3", "qwen2, 5", "smollm, 9"})
    void theSameIdsOnRandomUnicode(String kind, long seed) throws IOException {
        String json = json(kind);
        Path file = Files.writeString(dir.resolve("tokenizer.json"), json);
        Tokenizer ours = TokenizerJson.read(file);
        var random = RandomText.random(seed);
        try (HuggingFaceTokenizer theirs = peer(json)) {
            for (int i = 0; i < 2 * TEXTS; i++) {
                String text = RandomText.text(random, 1 + random.nextInt(40));
                int[] ids = ours.encode(text);
                assertThat(ids)
                        .as("%s, seed %d, text %d: %s", kind, seed, i, escaped(text))
                        .isEqualTo(ids(theirs, text));
                String shown = kind.equals("qwen2") ? Normalizer.normalize(text, Normalizer.Form.NFC) : text;
                assertThat(ours.decode(ids)).isEqualTo(shown);
            }
        }
    }

    /** A vocabulary of scores that differ: what its list of merges says, and the ranks beside it disturb no reader. */
    @ParameterizedTest
    @ValueSource(longs = {7, 8})
    void theSameIdsByScores(long seed) throws IOException {
        String json = TokenizerJson.toJson(ScoredVocabulary.tokenizer(seed, 200, 200));
        assertThat(json).contains(TokenizerJsonWriter.RANKS);
        Tokenizer ours = TokenizerJson.parse(json);
        var random = RandomText.random(seed);
        try (HuggingFaceTokenizer theirs = peer(json)) {
            for (int i = 0; i < TEXTS; i++) {
                String text = ScoredVocabulary.text(random, 1 + random.nextInt(60));
                assertThat(ours.encode(text))
                        .as("seed %d, text %d: %s", seed, i, escaped(text))
                        .isEqualTo(ids(theirs, text));
            }
        }
    }

    /** The pre-tokenizer of SentencePiece's kind of vocabularies, and the normalizers of Llama 2's files. */
    @ParameterizedTest
    @CsvSource({
        "first, true, 11",
        "first, false, 12",
        "always, true, 13",
        "always, false, 14",
        "never, true, 15",
        "never, false, 16",
        "prepend, false, 17",
        "prepend, true, 18"
    })
    void theSameIdsWithMetaspace(String scheme, boolean splitsWords, long seed) throws IOException {
        SentencePieceBpe plain = (SentencePieceBpe) ScoredVocabulary.tokenizer(seed, 200, 200);
        List<String> spellings =
                IntStream.range(0, plain.vocabSize()).mapToObj(plain::spelling).toList();
        Metaspace metaspace = new Metaspace(Metaspace.Prefix.valueOf(scheme.toUpperCase(Locale.ROOT)), splitsWords);
        SentencePieceBpe ours = new SentencePieceBpe(spellings, plain.merges(), plain.special(), metaspace, 0);
        String json = TokenizerJson.toJson(ours);
        Tokenizer read = TokenizerJson.parse(json);
        var random = RandomText.random(seed);
        try (HuggingFaceTokenizer theirs = peer(json)) {
            for (int i = 0; i < TEXTS; i++) {
                String text = marked(
                        random, List.of("<s>", "</s>"), () -> ScoredVocabulary.text(random, 1 + random.nextInt(8)));
                int[] expected = ids(theirs, text);
                assertThat(ours.encodeMarkup(text))
                        .as("%s, seed %d, text %d: %s", scheme, seed, i, escaped(text))
                        .isEqualTo(expected);
                assertThat(read.encodeMarkup(text)).isEqualTo(expected);
            }
        }
    }

    /** Special tokens that take white space with them or are words, added ones, and one that begins like another. */
    @ParameterizedTest
    @CsvSource({"gpt2, 21", "llama3, 22", "qwen2, 23", "smollm, 24"})
    void theSameIdsWithAddedTokens(String kind, long seed) throws IOException {
        ObjectNode root = (ObjectNode) new JsonMapper().readTree(json(kind));
        ArrayNode added = root.withArray("added_tokens");
        int id = tokenizer(kind).vocabSize();
        List<String> spellings = new ArrayList<>(List.of(BpeTrainer.END_OF_TEXT));
        // Tokens that are not special have no rules: with them users' texts would not come back.
        for (String rules : List.of(
                "",
                "special",
                "special lstrip",
                "special rstrip",
                "special lstrip rstrip",
                "special single_word",
                "special single_word lstrip rstrip")) {
            boolean special = rules.startsWith("special");
            boolean word = rules.contains("single_word");
            spellings.add(word ? rules.replace(' ', '_') : special ? "<|" + rules + "|>" : "<tool_call>");
            added.addObject()
                    .put("id", id++)
                    .put("content", spellings.getLast())
                    .put("single_word", word)
                    .put("lstrip", rules.contains("lstrip"))
                    .put("rstrip", rules.contains("rstrip"))
                    .put("normalized", false)
                    .put("special", special);
        }
        Tokenizer ours = TokenizerJson.parse(root.toString());
        var random = RandomText.random(seed);
        try (HuggingFaceTokenizer theirs = peer(root.toString())) {
            for (int i = 0; i < TEXTS; i++) {
                String text = marked(random, spellings, () -> RandomText.text(random, 1 + random.nextInt(4)));
                assertThat(ours.encodeMarkup(text))
                        .as("%s, seed %d, text %d: %s", kind, seed, i, escaped(text))
                        .isEqualTo(ids(theirs, text));
            }
        }
    }

    /** Stretches of text with tokens between them, which may touch each other. */
    private static String marked(RandomGenerator random, List<String> tokens, Supplier<String> stretch) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(1, 8); i > 0; i--) {
            text.append(random.nextInt(3) == 0 ? tokens.get(random.nextInt(tokens.size())) : stretch.get());
        }
        return text.toString();
    }

    private static int[] ids(HuggingFaceTokenizer theirs, String text) {
        return Arrays.stream(theirs.encode(text, false, false).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    private static String escaped(String text) {
        StringBuilder escaped = new StringBuilder();
        text.chars().forEach(c -> escaped.append(c >= ' ' && c < 127 ? Character.toString(c) : "\\u%04x".formatted(c)));
        return escaped.toString();
    }
}
