package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.gguf.GgufFile;
import dev.troupe.model.gguf.GgufMetadata;
import dev.troupe.model.gguf.MetadataValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizers in GGUF metadata, beside llama.cpp's expected ids and a plain transcription of its rules. */
class GgufVocabularyTest {
    private static Tokenizer read(Path file) {
        try (GgufFile gguf = GgufFile.open(file)) {
            return GgufVocabulary.read(gguf.metadata());
        }
    }

    private static Tokenizer read(Map<String, MetadataValue> metadata) {
        return GgufVocabulary.read(new GgufMetadata("test.gguf", metadata));
    }

    @Test
    void gpt2GivesTheIdsOfLlamaCpp() throws IOException {
        Tokenizer gpt2 = read(SharedData.find("tokenizers/ggml-vocab-gpt-2.gguf"));
        String[] texts =
                Files.readString(SharedData.find("tokenizers/ggml-vocab.inp")).split("\n__ggml_vocab_test__\n", -1);
        List<String> ids = Files.readAllLines(SharedData.find("tokenizers/ggml-vocab-gpt-2.out"));
        Tokenizer again = read(new LinkedHashMap<>(GgufVocabularyWriter.write(gpt2, gpt2.vocabSize())));
        Tokenizer onWire = TokenizerJson.parse(TokenizerJson.toWire(gpt2));
        int compared = 0;
        for (int i = 0; i < ids.size(); i++) {
            int[] expected = Arrays.stream(ids.get(i).trim().split(" "))
                    .filter(id -> !id.isEmpty())
                    .mapToInt(Integer::parseInt)
                    .toArray();
            assertThat(gpt2.encode(texts[i])).as("string %d", i).isEqualTo(expected);
            assertThat(again.encode(texts[i])).as("string %d", i).isEqualTo(expected);
            assertThat(onWire.encode(texts[i])).as("string %d", i).isEqualTo(expected);
            compared++;
        }
        assertThat(compared).isEqualTo(46);
        assertThat(gpt2.endTokens()).containsExactly(50256);
        assertThat(onWire.endTokens()).containsExactly(50256);
    }

    /** The highest score first, the leftmost of equals: by looking at all pairs each time. */
    private static List<String> merged(String text, Map<String, Double> scores) {
        List<String> symbols = new ArrayList<>();
        ("\u2581" + text.replace(' ', '\u2581')).codePoints().forEach(c -> symbols.add(Character.toString(c)));
        while (true) {
            int best = -1;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                Double score = scores.get(symbols.get(i) + symbols.get(i + 1));
                Double before = best < 0 ? null : scores.get(symbols.get(best) + symbols.get(best + 1));
                if (score != null && (before == null || score > before)) {
                    best = i;
                }
            }
            if (best < 0) {
                return symbols;
            }
            symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"stories260K/stories260K-F32.gguf", "tinystories-656K/TinyStories-656K-Q8_0.gguf"})
    void sentencePieceMergesByScore(String name) {
        Path file = SharedData.find("models/" + name);
        Map<String, Double> scores = new HashMap<>();
        List<String> tokens;
        try (GgufFile gguf = GgufFile.open(file)) {
            tokens = gguf.metadata().texts(GgufVocabulary.TOKENS).orElseThrow();
            List<Double> given = gguf.metadata().numbers(GgufVocabulary.SCORES).orElseThrow();
            for (int id = 0; id < tokens.size(); id++) {
                scores.put(tokens.get(id), given.get(id));
            }
        }
        Tokenizer tokenizer = read(file);
        Tokenizer onWire = TokenizerJson.parse(TokenizerJson.toWire(tokenizer));
        var random = RandomText.random(17);
        String[] words = {
            "once", "upon", " a", "time", ", ", "the", "dog", "play", "ing", "her", "to", "\n", ". ", "Lily"
        };
        for (int i = 0; i < 300; i++) {
            StringBuilder text = new StringBuilder();
            for (int word = random.nextInt(1, 30); word > 0; word--) {
                text.append(words[random.nextInt(words.length)]).append(random.nextBoolean() ? " " : "");
            }
            int[] ids = tokenizer.encode(text.toString());
            List<String> spelled = new ArrayList<>();
            for (int id : ids) {
                String token = tokens.get(id);
                spelled.add(token.equals("<0x0A>") ? "\n" : token);
            }
            assertThat(spelled).as("text %d: %s", i, text).isEqualTo(merged(text.toString(), scores));
            assertThat(tokenizer.decode(ids)).isEqualTo(text.toString());
            assertThat(onWire.encode(text.toString())).isEqualTo(ids);
        }
    }

    @Test
    void bytesWithoutATokenFallBackAndStreamAsWholeCharacters() {
        Tokenizer tokenizer = read(SharedData.find("models/stories260K/stories260K-F32.gguf"));
        String text = "na\u00efve \u4e2d\u6587 \uD83D\uDC4D\uD83C\uDFFD";
        int[] ids = tokenizer.encode(text);
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
        StreamingDecoder decoder = new StreamingDecoder(tokenizer);
        StringBuilder streamed = new StringBuilder();
        for (int id : ids) {
            String piece = decoder.append(id);
            assertThat(piece).doesNotContain("\uFFFD");
            assertThat(piece.isEmpty() || !Character.isHighSurrogate(piece.charAt(piece.length() - 1)))
                    .isTrue();
            streamed.append(piece);
        }
        assertThat(streamed.append(decoder.flush()).toString().strip()).isEqualTo(text);
    }

    private static Map<String, MetadataValue> qwenLike() {
        Tokenizer bytes =
                BpeTrainer.train(List.of("some text with the the the thing"), 270, List.of("<|endoftext|>"), 1);
        Map<String, MetadataValue> metadata = new LinkedHashMap<>(GgufVocabularyWriter.write(bytes, bytes.vocabSize()));
        List<String> tokens = new ArrayList<>();
        List<Integer> types = new ArrayList<>();
        new GgufMetadata("test", metadata)
                .texts(GgufVocabulary.TOKENS)
                .orElseThrow()
                .forEach(token -> {
                    tokens.add(token);
                    types.add(token.equals("<|endoftext|>") ? 3 : 1);
                });
        tokens.addAll(List.of("<|im_start|>", "<|im_end|>", "<tool_call>", "[PAD4]"));
        types.addAll(List.of(3, 3, 4, 5));
        metadata.put(GgufVocabulary.TOKENS, MetadataValue.texts(tokens));
        metadata.put(GgufVocabulary.TYPES, MetadataValue.int32s(types));
        metadata.put(GgufVocabulary.PRE, MetadataValue.text("qwen2"));
        metadata.put(GgufVocabulary.END, MetadataValue.uint32(tokens.indexOf("<|im_end|>")));
        return metadata;
    }

    @Test
    void addedTokensAreFoundInTextAndSpecialOnesInMarkupOnly() {
        Tokenizer tokenizer = read(qwenLike());
        int call = tokenizer.vocabSize() - 2;
        int start = tokenizer.specialToken("<|im_start|>").orElseThrow();
        assertThat(tokenizer.encode("the<tool_call>x")).contains(call);
        assertThat(tokenizer.decode(tokenizer.encode("the<tool_call>x"))).isEqualTo("the<tool_call>x");
        assertThat(tokenizer.encode("<|im_start|>the")).doesNotContain(start);
        assertThat(tokenizer.encodeMarkup("<|im_start|>the")).startsWith(start);
        assertThat(tokenizer.specialToken("<tool_call>")).isEmpty();
        assertThat(tokenizer.endTokens())
                .containsExactlyInAnyOrder(
                        tokenizer.specialToken("<|im_end|>").orElseThrow(),
                        tokenizer.specialToken("<|endoftext|>").orElseThrow());
        assertThat(tokenizer.tokenBytes(tokenizer.vocabSize() - 1)).isEmpty();
        for (Tokenizer again : List.of(
                read(new LinkedHashMap<>(GgufVocabularyWriter.write(tokenizer, tokenizer.vocabSize()))),
                TokenizerJson.parse(TokenizerJson.toWire(tokenizer)))) {
            assertThat(again.endTokens()).isEqualTo(tokenizer.endTokens());
            assertThat(again.endOfText()).isEqualTo(tokenizer.endOfText());
            assertThat(again.encode("a<tool_call> e\u0301 12")).isEqualTo(tokenizer.encode("a<tool_call> e\u0301 12"));
        }
    }

    /** A vocabulary whose last token is "wxyz", which no merge makes. */
    private static Tokenizer withAWholePiece(String pre) {
        Map<String, MetadataValue> metadata = qwenLike();
        GgufMetadata known = new GgufMetadata("test", metadata);
        List<String> tokens = new ArrayList<>(known.texts(GgufVocabulary.TOKENS).orElseThrow());
        List<Integer> types = new ArrayList<>(known.counts(GgufVocabulary.TYPES).orElseThrow());
        tokens.add("wxyz");
        types.add(1);
        metadata.put(GgufVocabulary.TOKENS, MetadataValue.texts(tokens));
        metadata.put(GgufVocabulary.TYPES, MetadataValue.int32s(types));
        metadata.put(GgufVocabulary.PRE, MetadataValue.text(pre));
        metadata.put(GgufVocabulary.BEGIN, MetadataValue.uint32(tokens.indexOf("<|im_start|>")));
        metadata.remove(GgufVocabulary.ADD_BEGIN);
        return read(metadata);
    }

    /** Numbers in threes, pieces that are tokens without merges, and a beginning of each text. */
    @ParameterizedTest
    @ValueSource(strings = {"llama-bpe", "llama-v3", "llama3"})
    void llama3sNameMeansItsRules(String name) {
        Tokenizer llama = withAWholePiece(name);
        int whole = llama.vocabSize() - 1;
        int start = llama.specialToken("<|im_start|>").orElseThrow();
        assertThat(llama.beginOfText()).hasValue(start);
        assertThat(llama.encode("wxyz")).containsExactly(whole);
        assertThat(llama.encode("wxyz wxyz")).startsWith(whole).containsOnlyOnce(whole); // " wxyz" is no token
        assertThat(llama).isInstanceOfSatisfying(ByteLevelBpe.class, bpe -> {
            assertThat(bpe.preTokenizer()).isEqualTo(PreTokenizers.CL100K);
            assertThat(bpe.mergesIgnoredForWholePieces()).isTrue();
        });
        // The same numbers without that rule: merged from its letters, as no merge makes the word.
        Tokenizer merged = withAWholePiece("dbrx");
        assertThat(merged.encode("wxyz")).hasSize(4).doesNotContain(whole);
        assertThat(merged.beginOfText()).isEmpty();

        Map<String, MetadataValue> written = new LinkedHashMap<>(GgufVocabularyWriter.write(llama, llama.vocabSize()));
        assertThat(new GgufMetadata("test", written).text(GgufVocabulary.PRE)).hasValue("llama-bpe");
        for (Tokenizer again : List.of(read(written), TokenizerJson.parse(TokenizerJson.toWire(llama)))) {
            assertThat(again.beginOfText()).hasValue(start);
            for (String text : List.of("wxyz", "a wxyz's 12345 things", "thing  wxyz\n\n wxyz")) {
                assertThat(again.encode(text)).as(text).isEqualTo(llama.encode(text));
                assertThat(again.decode(again.encode(text))).isEqualTo(text);
            }
        }
    }

    /**
     * Two have keys of llama.cpp, more stand in one of our own, and so does a set without some that names would add.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "<|endoftext|>",
                "<|end|>",
                "<|eom_id|>",
                "<|eom_id|> <|x|>",
                "<|endoftext|> <|eom_id|> <|x|> <|y|>",
                "<|x|> <|y|> <|z|>"
            })
    void allEndsSurvive(String ends) {
        ByteLevelBpe bytes = BpeTrainer.train(
                List.of("some text with the the thing"),
                275,
                List.of("<|eom_id|>", "<|x|>", "<|y|>", "<|z|>", "<|end|>", "<|endoftext|>", "<|eos|>"),
                1);
        Map<String, Integer> ids = bytes.specialTokens();
        List<Integer> more = Arrays.stream(ends.split(" "))
                .filter(end -> !end.isEmpty())
                .map(ids::get)
                .toList();
        SpecialTokens special = new SpecialTokens(ids, ids.getOrDefault("<|eos|>", -1), Tokenizer.NO_TOKEN);
        ByteLevelBpe.Builder builder = new ByteLevelBpe.Builder(bytes.preTokenizer());
        for (int id = 0; id < bytes.vocabSize(); id++) {
            builder.token(id, bytes.tokenBytes(id));
        }
        ByteLevelBpe tokenizer = builder.special(special.withEnds(more)).build();
        Map<String, MetadataValue> written = GgufVocabularyWriter.write(tokenizer, tokenizer.vocabSize());
        assertThat(read(new LinkedHashMap<>(written)).endTokens()).isEqualTo(tokenizer.endTokens());
        GgufMetadata metadata = new GgufMetadata("test", written);
        int message = ids.getOrDefault("<|eom_id|>", -1);
        Optional<Integer> second = metadata.count(GgufVocabulary.END_OF_MESSAGE);
        assertThat(metadata.has(GgufVocabulary.END_OF_TURN))
                .isEqualTo(more.stream().anyMatch(id -> id != message));
        assertThat(second.isPresent()).isEqualTo(more.size() > 1 || more.contains(message));
        assertThat(second.equals(Optional.of(message))).isEqualTo(more.contains(message));
    }

    @Test
    void qwen2TextIsNormalized() {
        Tokenizer tokenizer = read(qwenLike());
        assertThat(tokenizer.encode("e\u0301")).isEqualTo(tokenizer.encode("\u00e9"));
        assertThat(tokenizer.decode(tokenizer.encode("e\u0301"))).isEqualTo("\u00e9");
        byte[] noText = {'e', (byte) 0xFF, (byte) 0xCC};
        assertThat(tokenizer.decodeBytes(tokenizer.encode(noText))).isEqualTo(noText);
    }

    @Test
    void mistakesAreNamed() {
        Map<String, MetadataValue> metadata = qwenLike();
        metadata.put(GgufVocabulary.PRE, MetadataValue.text("unheard-of"));
        assertRefused(metadata, "tokenizer.ggml.pre is 'unheard-of'; supported are gpt-2");
        metadata = qwenLike();
        metadata.put(GgufVocabulary.END, MetadataValue.uint32(1_000_000)); // of a vocabulary that was cut
        assertThat(read(metadata).endOfText()).isEqualTo(Tokenizer.NO_TOKEN);
        metadata = qwenLike();
        metadata.put(GgufVocabulary.ALL_ENDS, MetadataValue.int32s(List.of(7, 1_000_000)));
        assertThat(read(metadata).endTokens()).contains(7).doesNotContain(1_000_000);
        metadata = qwenLike();
        metadata.put(GgufVocabulary.TYPES, MetadataValue.int32s(List.of(1, 2)));
        assertRefused(metadata, "tokenizer.ggml.token_type has 2 entries for");
        metadata = qwenLike();
        metadata.put(GgufVocabulary.MODEL, MetadataValue.text("bert"));
        assertRefused(metadata, "tokenizer.ggml.model is 'bert'; supported are llama");
        metadata = qwenLike();
        metadata.remove(GgufVocabulary.TOKENS);
        assertRefused(metadata, "tokenizer.ggml.tokens is missing");
        metadata = qwenLike();
        metadata.put(GgufVocabulary.MERGES, MetadataValue.texts(List.of("ab")));
        assertRefused(metadata, "tokenizer.ggml.merges[0] isn't a pair: 'ab'");
    }

    /** Looking for its parts takes time with the square of its length: a megabyte would take a day. */
    @Test
    void aTokenThatNoVocabularyHasIsRefused() {
        Map<String, MetadataValue> metadata = new LinkedHashMap<>();
        metadata.put(GgufVocabulary.MODEL, MetadataValue.text("llama"));
        metadata.put(GgufVocabulary.SCORES, MetadataValue.float32s(List.of(0f, -1f, -2f)));
        metadata.put(GgufVocabulary.TOKENS, MetadataValue.texts(List.of("a", "aa", "a".repeat(1024))));
        assertThat(read(metadata).vocabSize()).isEqualTo(3);
        metadata.put(GgufVocabulary.TOKENS, MetadataValue.texts(List.of("a", "aa", "a".repeat(1 << 20))));
        assertRefused(metadata, "tokenizer.ggml.tokens[2] has 1048576 characters, more than 1024");
    }

    private static void assertRefused(Map<String, MetadataValue> metadata, String problem) {
        assertThatThrownBy(() -> read(metadata))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(problem);
    }
}
