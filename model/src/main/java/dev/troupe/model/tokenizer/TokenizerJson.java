package dev.troupe.model.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes Hugging Face's {@code tokenizer.json} (https://github.com/huggingface/tokenizers): byte-level BPE,
 * SentencePiece-like BPE with byte fallback, and characters (a BPE without merges). What a file asks for and this class
 * doesn't know is an error, never ignored.
 *
 * <p>There the earlier merge in the list comes first, and no two are equal. In a vocabulary that is ranked by scores
 * they may be ({@link GgufVocabulary}), and then the leftmost in the text comes first, which no list can say. Such
 * merges are listed by score, those of one score by the id of what they make, and their ranks stand beside the list
 * under a key of our own: this class reads the tokenizer that was written, Hugging Face's library one that differs
 * where scores are equal.
 */
public final class TokenizerJson {
    /** The usual file name in a model directory. */
    public static final String FILE_NAME = "tokenizer.json";

    private static final int MOST_PROBLEM = 1000;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private TokenizerJson() {}

    /**
     * Reads a file, or the tokenizer.json of a directory. A {@code tokenizer_config.json} beside it says which tokens
     * begin and end a text, a {@code generation_config.json} which others end an answer, or {@code config.json} where
     * that says nothing. Throws a {@link TroupeException} that names the file and what is wrong with it.
     */
    public static Tokenizer read(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve(FILE_NAME) : path;
        try {
            return new TokenizerJsonReader(
                            tree(file),
                            beside(file, "tokenizer_config.json"),
                            beside(file, "generation_config.json"),
                            beside(file, "config.json"))
                    .read();
        } catch (TroupeException e) {
            throw new TroupeException("tokenizer file " + file + ": " + shortened(String.valueOf(e.getMessage())), e);
        }
    }

    /** A problem may quote the file at length. */
    private static String shortened(String problem) {
        return problem.length() <= MOST_PROBLEM ? problem : problem.substring(0, MOST_PROBLEM) + "...";
    }

    /** Reads a tokenizer from JSON text. */
    public static Tokenizer parse(String json) {
        try {
            return new TokenizerJsonReader(MAPPER.readTree(json), null, null, null).read();
        } catch (JsonProcessingException e) {
            throw malformed(e);
        }
    }

    /** Writes a tokenizer that {@link #read} and Hugging Face's library load. */
    public static void write(Tokenizer tokenizer, Path file) {
        String json = toJson(tokenizer);
        try {
            Files.writeString(file, json);
        } catch (IOException e) {
            throw new TroupeException("cannot write the tokenizer to " + file + ": " + e.getMessage(), e);
        }
    }

    /** The text of a tokenizer.json. */
    public static String toJson(Tokenizer tokenizer) {
        return TokenizerJsonWriter.text(tree(tokenizer));
    }

    /**
     * As {@link #toJson}, with what files of Hugging Face keep beside it, for {@link #parse} on another node and for
     * checkpoints in several files: what begins a text and what ends an answer.
     */
    public static String toWire(Tokenizer tokenizer) {
        ObjectNode root = tree(tokenizer);
        switch (tokenizer) {
            case ByteLevelBpe bpe -> TokenizerJsonWriter.putOwn(root, bpe.special());
            case SentencePieceBpe bpe -> TokenizerJsonWriter.putOwn(root, bpe.special());
            default -> {} // characters have neither
        }
        return TokenizerJsonWriter.text(root);
    }

    private static ObjectNode tree(Tokenizer tokenizer) {
        return switch (tokenizer) {
            case ByteLevelBpe bpe -> TokenizerJsonWriter.byteLevel(bpe);
            case SentencePieceBpe bpe -> TokenizerJsonWriter.sentencePiece(bpe);
            case CharTokenizer characters -> TokenizerJsonWriter.characters(characters);
            default ->
                throw new TroupeException(
                        "a " + tokenizer.getClass().getSimpleName() + " cannot be written as tokenizer.json");
        };
    }

    private static JsonNode tree(Path file) {
        try {
            return MAPPER.readTree(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new TroupeException("it does not exist", e);
        } catch (JsonProcessingException e) {
            throw malformed(e);
        } catch (IOException e) {
            throw new TroupeException("it cannot be read: " + e.getMessage(), e);
        }
    }

    private static @Nullable JsonNode beside(Path file, String name) {
        Path config = file.resolveSibling(name);
        if (!Files.exists(config)) {
            return null;
        }
        try {
            return MAPPER.readTree(Files.readAllBytes(config));
        } catch (IOException e) {
            throw new TroupeException(config.getFileName() + " beside it cannot be read: " + e.getMessage(), e);
        }
    }

    private static TroupeException malformed(JsonProcessingException e) {
        String where = e.getLocation() == null
                ? ""
                : " at line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr();
        return new TroupeException("it isn't valid JSON: " + e.getOriginalMessage() + where, e);
    }
}
