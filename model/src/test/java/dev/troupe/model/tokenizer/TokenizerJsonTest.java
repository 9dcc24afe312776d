package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** tokenizer.json written and read again, a published file, and files that are wrong. */
class TokenizerJsonTest {
    @TempDir
    private Path dir;

    @Test
    void byteLevelSurvivesAFile() {
        ByteLevelBpe gpt2 = Vocabularies.gpt2();
        String text = RandomText.text(RandomText.random(3), 400);
        // Ranks from a tiktoken file may give one token two merges; a trained one has one each.
        ByteLevelBpe trained = BpeTrainer.train(List.of(text), 500, List.of("<|endoftext|>"), 1);
        Path file = dir.resolve("tokenizer.json");
        TokenizerJson.write(trained, file);
        Tokenizer read = TokenizerJson.read(file);
        assertThat(read).isInstanceOf(ByteLevelBpe.class);
        assertThat(read.vocabSize()).isEqualTo(trained.vocabSize());
        assertThat(read.endOfText()).isEqualTo(trained.endOfText());
        assertThat(read.beginOfText()).isEmpty();
        assertThat(read.encode(text)).isEqualTo(trained.encode(text));
        assertThat(TokenizerJson.toJson(read)).isEqualTo(TokenizerJson.toJson(trained));
        Tokenizer gpt2Again = TokenizerJson.parse(TokenizerJson.toJson(gpt2));
        assertThat(gpt2Again.encode(text)).isEqualTo(gpt2.encode(text));
        assertThat(gpt2Again.endOfText()).isEqualTo(50256);
    }

    /** A file of others, which says beside the tokens what ends a text, and what else an answer. */
    @Test
    void generationConfigSaysWhatElseEndsAnAnswer() throws IOException {
        ByteLevelBpe trained =
                BpeTrainer.train(List.of("the actors play"), 270, List.of("<|endoftext|>", "<|im_end|>", "<|x|>"), 1);
        ObjectNode file = (ObjectNode) new JsonMapper().readTree(TokenizerJson.toJson(trained));
        file.remove(TokenizerJsonWriter.OWN);
        Files.writeString(dir.resolve("tokenizer.json"), file.toString());
        Files.writeString(dir.resolve("tokenizer_config.json"), "{\"eos_token\": \"<|endoftext|>\"}");
        int end = trained.endOfText();
        int turn = trained.specialTokens().getOrDefault("<|im_end|>", -1);
        Path beside = dir.resolve("generation_config.json");
        assertThat(TokenizerJson.read(dir).endTokens()).containsExactly(end);
        Files.writeString(beside, "{\"eos_token_id\": [" + turn + ", " + end + "]}");
        assertThat(TokenizerJson.read(dir).endTokens()).containsExactlyInAnyOrder(end, turn);
        Files.writeString(beside, "{\"eos_token_id\": " + turn + "}");
        assertThat(TokenizerJson.read(dir).endTokens()).containsExactlyInAnyOrder(end, turn);
        int text = trained.encode("a")[0];
        Files.writeString(beside, "{\"eos_token_id\": [" + turn + ", " + text + ", 100000, -1, \"x\"]}");
        assertThat(TokenizerJson.read(dir).endTokens()).containsExactlyInAnyOrder(end, turn, text);
    }

    /** Nothing else here gives these ids: the post-processor has no token, and by their names others would be taken. */
    @Test
    void tokenizerConfigSaysWhatBeginsAndEndsAText() throws IOException {
        ByteLevelBpe trained =
                BpeTrainer.train(List.of("the actors play"), 270, List.of("<|endoftext|>", "<|in|>", "<|out|>"), 1);
        TokenizerJson.write(trained, dir.resolve("tokenizer.json"));
        int in = trained.specialTokens().getOrDefault("<|in|>", -1);
        int out = trained.specialTokens().getOrDefault("<|out|>", -1);
        Path config = dir.resolve("tokenizer_config.json");
        Files.writeString(config, """
                {"bos_token": "<|in|>", "eos_token": {"content": "<|out|>", "lstrip": false}, "add_bos_token": true}
                """);
        Tokenizer read = TokenizerJson.read(dir);
        assertThat(read.beginOfText()).contains(in);
        assertThat(read.endOfText()).isEqualTo(out);
        assertThat(read.endTokens()).containsExactly(out);
        Files.writeString(config, """
                {"bos_token": {"content": "<|in|>"}, "eos_token": "<|out|>", "add_bos_token": false}
                """);
        assertThat(TokenizerJson.read(dir).beginOfText()).isEmpty();
        Files.writeString(config, "{\"bos_token\": \"<|in|>\", \"eos_token\": null}");
        assertThat(TokenizerJson.read(dir).beginOfText()).isEmpty();
        assertThat(TokenizerJson.read(dir).endOfText())
                .isEqualTo(trained.specialTokens().get("<|endoftext|>"));
    }

    /**
     * As transformers does: what generation_config.json says is all there is, and config.json where it says nothing.
     */
    @Test
    void configSaysWhatEndsAnAnswerWhereNoOtherFileDoes() throws IOException {
        ByteLevelBpe trained =
                BpeTrainer.train(List.of("the actors play"), 270, List.of("<|endoftext|>", "<|im_end|>", "<|x|>"), 1);
        TokenizerJson.write(trained, dir.resolve("tokenizer.json"));
        int end = trained.endOfText();
        int turn = trained.specialTokens().getOrDefault("<|im_end|>", -1);
        int other = trained.specialTokens().getOrDefault("<|x|>", -1);
        Path config = dir.resolve("config.json");
        Path generation = dir.resolve("generation_config.json");
        Files.writeString(config, "{\"eos_token_id\": " + turn + "}");
        assertThat(TokenizerJson.read(dir).endTokens()).containsExactlyInAnyOrder(end, turn);
        Files.writeString(config, "{\"eos_token_id\": [" + turn + ", " + other + "]}");
        assertThat(TokenizerJson.read(dir).endTokens()).containsExactlyInAnyOrder(end, turn, other);
        Files.writeString(generation, "{\"temperature\": 0.7, \"eos_token_id\": null}");
        assertThat(TokenizerJson.read(dir).endTokens()).containsExactlyInAnyOrder(end, turn, other);
        Files.writeString(generation, "{\"eos_token_id\": " + other + "}");
        assertThat(TokenizerJson.read(dir).endTokens()).containsExactlyInAnyOrder(end, other);
    }

    @Test
    void charactersSurviveAFile() {
        CharTokenizer characters = CharTokenizer.train("To be,\nor not to be: \uD83D\uDC4D\"\\");
        TokenizerJson.write(characters, dir.resolve("tokenizer.json"));
        Tokenizer read = TokenizerJson.read(dir);
        assertThat(read).isInstanceOf(CharTokenizer.class);
        assertThat(read.vocabSize()).isEqualTo(characters.vocabSize());
        assertThat(read.encode("not \uD83D\uDC4D\n")).isEqualTo(characters.encode("not \uD83D\uDC4D\n"));
    }

    @Test
    void sentencePieceLikeFileOfAPublishedModel() {
        Path model = SharedData.find("models/tinystories-656K/tokenizer.json");
        Tokenizer tokenizer = TokenizerJson.read(model);
        assertThat(tokenizer.vocabSize()).isEqualTo(2048);
        assertThat(tokenizer.beginOfText()).contains(1);
        assertThat(tokenizer.endOfText()).isEqualTo(2);
        assertThat(tokenizer.encode("Once upon a time")).containsExactly(80, 147, 201, 282, 57);
        // 25 tokens with the one that begins a text: golden.json's perplexity text.
        assertThat(tokenizer.encode("Once upon a time, there was a little dog named Max. Max liked to play in the"
                        + " park with his friend Sam. One day, they found a big red ball under a tree."))
                .hasSize(24);
        int[] answer = {147, 201, 282, 215, 286, 598, 1662, 356};
        assertThat(tokenizer.decode(answer))
                .isEqualTo("Once upon a time, there was a little girl named Lily. She had a ");
        String text = "A man said:\n  \"Hello\"";
        assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        Tokenizer again = TokenizerJson.parse(TokenizerJson.toJson(tokenizer));
        assertThat(again.encode(text)).isEqualTo(tokenizer.encode(text));
        assertThat(again.beginOfText()).contains(1);
        assertThat(again.endOfText()).isEqualTo(2);
    }

    @Test
    void mergesOfNewerFilesArePairs() {
        Tokenizer tokenizer = TokenizerJson.parse(json("[[\"a\", \"b\"]]", ""));
        assertThat(tokenizer.encode("ab")).containsExactly(256);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"model\": | isn't valid JSON",
                "[] | no \"model\" object",
                "{\"model\": {\"type\": \"Unigram\"}} | model type 'Unigram' isn't supported",
                "{\"model\": {\"type\": \"BPE\"}} | \"model.vocab\" is missing or empty",
                "{\"model\": {\"vocab\": {\"a\": -1}}} | the token 'a' has no valid id: -1",
                "{\"model\": {\"vocab\": {\"ab\": 0}, \"merges\": []}} | id 0 is 'ab'",
                "{\"model\": {\"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\"]}} | neither byte-level",
            })
    void damagedFilesAreNamed(String json, String problem) throws IOException {
        Path file = dir.resolve("broken.json");
        Files.writeString(file, json);
        assertThatThrownBy(() -> TokenizerJson.read(file))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("broken.json")
                .hasMessageContaining(problem);
    }

    @Test
    void damagedByteLevelFilesAreExplained() {
        assertThatThrownBy(() -> TokenizerJson.parse(json("[\"a zz\"]", "")))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("merge 0 names 'zz'");
        assertThatThrownBy(() -> TokenizerJson.parse(json("[\"a b c\"]", "")))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("merge 0 isn't a pair");
        assertThatThrownBy(() -> TokenizerJson.parse(json("[]", "\"normalizer\": {\"type\": \"Lowercase\"},")))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("normalizer Lowercase");
        assertThatThrownBy(() -> TokenizerJson.parse(json("[]", "").replace("\"a\"", "\"aaa\"")))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("no token for byte 0x61");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> TokenizerJson.read(dir.resolve("none/tokenizer.json")))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("none")
                .hasMessageContaining("does not exist");
    }

    /** All bytes, "ab", the given merges. */
    private static String json(String merges, String extra) {
        StringBuilder vocab = new StringBuilder();
        for (int b = 0; b < 256; b++) {
            String spelling = ByteLevelAlphabet.spell(new byte[] {(byte) b});
            String escaped = spelling.equals("\"") || spelling.equals("\\") ? "\\" + spelling : spelling;
            vocab.append("\"").append(escaped).append("\": ").append(b).append(", ");
        }
        return "{" + extra + "\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false}, "
                + "\"model\": {\"type\": \"BPE\", \"vocab\": {" + vocab + "\"ab\": 256}, \"merges\": " + merges + "}}";
    }
}
