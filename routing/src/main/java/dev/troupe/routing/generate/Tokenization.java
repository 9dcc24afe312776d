package dev.troupe.routing.generate;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Texts and conversations as a model's tokens, and back. Nothing is computed. */
public final class Tokenization {
    private final Models models;

    public Tokenization(Models models) {
        this.models = models;
    }

    /**
     * What a prompt becomes.
     *
     * @param pieces what each token stands for; empty when not asked for
     */
    public record Tokenized(ModelDescription model, List<Integer> tokens, List<Piece> pieces) {}

    /**
     * What one token stands for.
     *
     * @param text may have a replacement mark for a part of a character; how a special token is spelled
     * @param bytes of the text that the token stands for, 0 to 255 each; none for a special token
     */
    public record Piece(String text, List<Integer> bytes) {}

    /** The text of tokens. */
    public record Detokenized(ModelDescription model, String text) {}

    /**
     * The tokens of a prompt, as a request to generate would have them. Fails with a {@link RequestFailure}.
     *
     * @param field what clients call the prompt
     * @param special whether the tokens count that the model wants before a text; a conversation has them always
     */
    public CompletionStage<Tokenized> tokenize(
            String modelId, String field, Prompt prompt, boolean special, boolean pieces) {
        return models.with(modelId, (model, tokenizer) -> {
            var tokens = !special && prompt instanceof Prompt.Text text
                    ? Arrays.stream(tokenizer.encode(text.text())).boxed().toList()
                    : new PromptEncoder(model, tokenizer, field).tokens(prompt);
            return new Tokenized(
                    model,
                    tokens,
                    pieces
                            ? tokens.stream()
                                    .map(token -> piece(tokenizer, token))
                                    .toList()
                            : List.of());
        });
    }

    private static Piece piece(Tokenizer tokenizer, int token) {
        byte[] bytes = tokenizer.tokenBytes(token);
        var text = tokenizer.specialSpelling(token).orElseGet(() -> new String(bytes, StandardCharsets.UTF_8));
        var numbers = new Integer[bytes.length];
        Arrays.setAll(numbers, i -> bytes[i] & 0xFF);
        return new Piece(text, List.of(numbers));
    }

    /** The text of tokens; special ones give none. Fails with a {@link RequestFailure} that names a bad token. */
    public CompletionStage<Detokenized> detokenize(String modelId, List<Integer> tokens) {
        return models.with(modelId, (model, tokenizer) -> new Detokenized(model, text(tokenizer, tokens)));
    }

    private static String text(Tokenizer tokenizer, List<Integer> tokens) {
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i) < 0 || tokens.get(i) >= tokenizer.vocabSize()) {
                throw invalid(
                        i,
                        "is " + tokens.get(i) + ", which is not in this tokenizer's vocabulary of "
                                + tokenizer.vocabSize() + ".");
            }
        }
        int[] ids = tokens.stream().mapToInt(Integer::intValue).toArray();
        var bytes = ByteBuffer.wrap(tokenizer.decodeBytes(ids));
        var chars = CharBuffer.allocate(bytes.remaining());
        var result = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .decode(bytes, chars, true);
        if (result.isError()) {
            throw invalid(
                    tokenAt(tokenizer, ids, bytes.position()),
                    "makes no UTF-8 with its neighbours: a character is cut or wrong at byte " + bytes.position()
                            + " of the text.");
        }
        return chars.flip().toString();
    }

    private static RequestFailure invalid(int index, String problem) {
        var path = "tokens[" + index + "]";
        return new RequestFailure(Kind.INVALID, "'" + path + "' " + problem, path);
    }

    /** The token that byte {@code at} of the text belongs to. */
    private static int tokenAt(Tokenizer tokenizer, int[] ids, int at) {
        int low = 0; // as many tokens end at or before the byte
        int high = ids.length;
        while (low + 1 < high) {
            int middle = (low + high) >>> 1;
            if (tokenizer.decodeBytes(Arrays.copyOf(ids, middle)).length <= at) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
