package dev.troupe.model.eval;

import dev.troupe.model.TroupeException;
import dev.troupe.model.data.TokenShards;
import dev.troupe.model.data.TokenStream;
import dev.troupe.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The tokens that an evaluation predicts, always the same ones: windows of T inputs side by side, so that each token
 * after the first is predicted once. Where there are more windows than asked for, they are spread evenly.
 *
 * <p>The first token of a stream has no context and is not counted; a text on its own gets the token that begins a text
 * (else the one that ends the text before it) in front, so that all of it counts.
 */
public final class EvaluationSet {
    private final TokenStream stream;
    private final int[] bytesOfToken; // [V]
    private final int time;
    private final long numWindows;
    /** UTF-8 bytes of a text that counts as a whole, else 0: then the bytes of the targets are added up. */
    private final long textBytes;

    private EvaluationSet(TokenStream stream, Tokenizer tokenizer, int time, long maxWindows, long textBytes) {
        if (time < 1 || maxWindows < 1) {
            throw new IllegalArgumentException("windows of " + time + " tokens, at most " + maxWindows);
        }
        this.stream = stream;
        this.time = time;
        this.textBytes = textBytes;
        this.numWindows = Math.min(maxWindows, allWindows());
        this.bytesOfToken = new int[tokenizer.vocabSize()];
        for (int token = 0; token < bytesOfToken.length; token++) {
            bytesOfToken[token] = tokenizer.tokenBytes(token).length;
        }
    }

    private long allWindows() {
        return Math.ceilDiv(stream.tokens() - 1, time);
    }

    /**
     * Windows of a prepared corpus.
     *
     * @param tokenizer that made the shards
     * @param time inputs of a window, at most the model's context
     * @throws TroupeException when the shards hold less than two tokens
     */
    public static EvaluationSet of(TokenShards shards, Tokenizer tokenizer, int time, long maxWindows) {
        if (shards.tokens() < 2) {
            throw new TroupeException(
                    shards.directory() + " holds " + shards.tokens() + " tokens: too few to evaluate a model on");
        }
        return new EvaluationSet(shards, tokenizer, time, maxWindows, 0);
    }

    /**
     * All of a text file.
     *
     * @throws TroupeException when it is missing, empty or not UTF-8
     */
    public static EvaluationSet ofFile(Path file, Tokenizer tokenizer, int time) {
        String text;
        try {
            byte[] bytes = Files.readAllBytes(file);
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (NoSuchFileException e) {
            throw new TroupeException(file + " does not exist", e);
        } catch (CharacterCodingException e) {
            throw new TroupeException(file + " is not UTF-8 text: convert it first", e);
        } catch (IOException e) {
            throw new TroupeException(file + " cannot be read: " + e.getMessage(), e);
        }
        if (text.isEmpty()) {
            throw new TroupeException(file + " is empty: there is nothing to evaluate");
        }
        return ofText(text, tokenizer, time);
    }

    /**
     * All of a text.
     *
     * @throws TroupeException when it has nothing to predict
     */
    public static EvaluationSet ofText(String text, Tokenizer tokenizer, int time) {
        int[] ids = tokenizer.encode(text);
        int first = tokenizer.beginOfText().orElseGet(tokenizer::endOfText);
        int[] tokens = new int[first == Tokenizer.NO_TOKEN ? ids.length : ids.length + 1];
        if (tokens.length > ids.length) {
            tokens[0] = first;
        }
        System.arraycopy(ids, 0, tokens, tokens.length - ids.length, ids.length);
        if (tokens.length < 2) {
            throw new TroupeException("the text has " + ids.length + " tokens: too few to evaluate a model on");
        }
        return new EvaluationSet(
                new TokenStream() {
                    @Override
                    public long tokens() {
                        return tokens.length;
                    }

                    @Override
                    public void copy(long position, int[] into, int offset, int length) {
                        System.arraycopy(tokens, Math.toIntExact(position), into, offset, length);
                    }
                },
                tokenizer,
                time,
                Long.MAX_VALUE,
                tokens.length > ids.length ? text.getBytes(StandardCharsets.UTF_8).length : 0);
    }

    /** Inputs of a window. */
    public int time() {
        return time;
    }

    public long numWindows() {
        return numWindows;
    }

    /**
     * Writes window {@code index} to {@code time()} elements of inputs and targets from {@code offset} on. What the
     * last one lacks is input 0 and target -1.
     *
     * @return number of targets that count
     */
    int fill(long index, int[] inputs, int[] targets, int offset) {
        long window = Math.floorDiv(Math.multiplyExact(index, allWindows()), numWindows);
        long start = window * time;
        int length = (int) Math.min(time, stream.tokens() - 1 - start);
        stream.copy(start, inputs, offset, length);
        stream.copy(start + 1, targets, offset, length);
        for (int i = offset + length; i < offset + time; i++) {
            inputs[i] = 0;
            targets[i] = -1;
        }
        return length;
    }

    /** The measures of the sum over all targets; the bytes are those of the text itself where they are known. */
    Evaluation evaluation(long tokens, long targetBytes, double totalNll) {
        return Evaluation.of(tokens, textBytes > 0 ? textBytes : targetBytes, totalNll);
    }

    /** Bytes of text that a token stands for. */
    int bytesOf(int token) {
        if (token >= bytesOfToken.length) {
            throw new TroupeException("token " + token + " is not in the tokenizer's vocabulary of "
                    + bytesOfToken.length + ": the tokens were made with another tokenizer");
        }
        return bytesOfToken[token];
    }
}
