package dev.troupe.model.tokenizer;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of every id, laid one after another in one array; immutable. Ids may have gaps (no bytes), and those beyond
 * the last stand for nothing either: models pad their vocabularies with rows that no token belongs to.
 */
final class TokenTable {
    private static final byte[] NONE = {};

    private final byte[] bytes;
    /** Where the bytes of each id start; one more entry than ids. */
    private final int[] starts; // [ids + 1]

    private TokenTable(byte[] bytes, int[] starts) {
        this.bytes = bytes;
        this.starts = starts;
    }

    /** A table of the given bytes; null for an id that stands for none (a special token or a gap). */
    static TokenTable of(List<byte @Nullable []> tokens) {
        int[] starts = new int[tokens.size() + 1];
        for (int id = 0; id < tokens.size(); id++) {
            byte[] token = tokens.get(id);
            starts[id + 1] = starts[id] + (token == null ? 0 : token.length);
        }
        byte[] bytes = new byte[starts[tokens.size()]];
        for (int id = 0; id < tokens.size(); id++) {
            byte[] token = tokens.get(id);
            if (token != null) {
                System.arraycopy(token, 0, bytes, starts[id], token.length);
            }
        }
        return new TokenTable(bytes, starts);
    }

    int size() {
        return starts.length - 1;
    }

    int length(int id) {
        return id < size() ? starts[id + 1] - starts[id] : 0;
    }

    byte[] get(int id) {
        int length = length(id);
        return length == 0 ? NONE : Arrays.copyOfRange(bytes, starts[id], starts[id] + length);
    }

    /** The bytes of ids, joined. */
    byte[] join(int[] ids) {
        int length = 0;
        for (int id : ids) {
            length = Math.addExact(length, length(id));
        }
        byte[] joined = new byte[length];
        int position = 0;
        for (int id : ids) {
            int count = length(id);
            if (count > 0) {
                System.arraycopy(bytes, starts[id], joined, position, count);
            }
            position += count;
        }
        return joined;
    }
}
