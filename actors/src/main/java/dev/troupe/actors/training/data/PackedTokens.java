package dev.troupe.actors.training.data;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.troupe.model.data.CorpusTokens;
import dev.troupe.model.data.TokenRange;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Tokens on their way to another node: two bytes each where the vocabulary allows, else four, little-endian. */
public final class PackedTokens {
    private static final int NARROW_VOCABULARY = 1 << Short.SIZE;

    @JsonProperty
    private final int bytesPerToken;

    @JsonProperty
    private final byte[] bytes;

    @JsonCreator
    PackedTokens(@JsonProperty("bytesPerToken") int bytesPerToken, @JsonProperty("bytes") byte[] bytes) {
        boolean isWidth = bytesPerToken == Short.BYTES || bytesPerToken == Integer.BYTES;
        if (!isWidth || bytes.length % bytesPerToken != 0) {
            throw new IllegalArgumentException(bytes.length + " bytes of tokens of " + bytesPerToken + " bytes");
        }
        this.bytesPerToken = bytesPerToken;
        this.bytes = bytes;
    }

    /** Packs ranges of a corpus one behind the other. */
    static PackedTokens of(CorpusTokens corpus, List<TokenRange> ranges) {
        int[] tokens = new int[TokenRange.tokens(ranges)];
        corpus.copy(ranges, tokens);
        return of(tokens, corpus.vocabSize());
    }

    static PackedTokens of(int[] tokens, int vocabSize) {
        int width = vocabSize <= NARROW_VOCABULARY ? Short.BYTES : Integer.BYTES;
        ByteBuffer packed = ByteBuffer.allocate(tokens.length * width).order(ByteOrder.LITTLE_ENDIAN);
        for (int token : tokens) {
            if (width == Short.BYTES) {
                packed.putShort((short) token);
            } else {
                packed.putInt(token);
            }
        }
        return new PackedTokens(width, packed.array());
    }

    /** How many there are. */
    int count() {
        return bytes.length / bytesPerToken;
    }

    /** Writes all of them from {@code offset} on. */
    void unpack(int[] into, int offset) {
        ByteBuffer packed = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count(); i++) {
            into[offset + i] = bytesPerToken == Short.BYTES ? Short.toUnsignedInt(packed.getShort()) : packed.getInt();
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PackedTokens that
                && bytesPerToken == that.bytesPerToken
                && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return 31 * bytesPerToken + Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return count() + " tokens of " + bytesPerToken + " bytes";
    }
}
