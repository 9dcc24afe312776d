package dev.troupe.model.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The tokens of a vocabulary by their bytes. Node 0 is the root; the children of a node have consecutive numbers, in
 * order of their bytes. Tokens without bytes (most special ones) are in no node. Thread-safe.
 */
public final class TokenTrie {
    private final Spelling spelling;
    private final int[] firstChild; // [nodes + 1]
    private final byte[] label; // [nodes] the last byte of the node's path
    private final int[] firstToken; // [nodes + 1]
    private final int[] tokens; // by node

    private TokenTrie(Spelling spelling, int[] firstChild, byte[] label, int[] firstToken, int[] tokens) {
        this.spelling = spelling;
        this.firstChild = firstChild;
        this.label = label;
        this.firstToken = firstToken;
        this.tokens = tokens;
    }

    /** A token and its bytes. */
    private static final class Spelled {
        private final byte[] bytes;
        private final int token;

        Spelled(byte[] bytes, int token) {
            this.bytes = bytes;
            this.token = token;
        }

        int at(int depth) {
            return bytes[depth] & 0xFF;
        }
    }

    /** Nodes in order of breadth: those whose paths are a range of the sorted tokens. */
    private record Range(int from, int to, int depth) {}

    /** The trie of a vocabulary. */
    public static TokenTrie of(Spelling spelling) {
        List<Spelled> spelled = new ArrayList<>();
        for (int token = 0; token < spelling.vocabSize(); token++) {
            byte[] bytes = spelling.of(token);
            if (bytes.length > 0) {
                spelled.add(new Spelled(bytes, token));
            }
        }
        // Stable: tokens of equal bytes stay in order.
        spelled.sort((a, b) -> Arrays.compareUnsigned(a.bytes, b.bytes));
        return build(spelling, spelled);
    }

    private static TokenTrie build(Spelling spelling, List<Spelled> spelled) {
        List<Range> nodes = new ArrayList<>();
        nodes.add(new Range(0, spelled.size(), 0));
        IntColumn firstChild = new IntColumn();
        IntColumn labels = new IntColumn();
        IntColumn firstToken = new IntColumn();
        IntColumn tokens = new IntColumn();
        labels.add(0);
        for (int node = 0; node < nodes.size(); node++) {
            Range range = nodes.get(node);
            firstChild.add(nodes.size());
            firstToken.add(tokens.size());
            int from = range.from();
            while (from < range.to() && spelled.get(from).bytes.length == range.depth()) {
                tokens.add(spelled.get(from++).token);
            }
            while (from < range.to()) {
                int to = from + 1;
                int value = spelled.get(from).at(range.depth());
                while (to < range.to() && spelled.get(to).at(range.depth()) == value) {
                    to++;
                }
                nodes.add(new Range(from, to, range.depth() + 1));
                labels.add(value);
                from = to;
            }
        }
        firstChild.add(nodes.size());
        firstToken.add(tokens.size());
        int[] wide = labels.toArray();
        byte[] label = new byte[wide.length];
        for (int i = 0; i < wide.length; i++) {
            label[i] = (byte) wide[i];
        }
        return new TokenTrie(spelling, firstChild.toArray(), label, firstToken.toArray(), tokens.toArray());
    }

    Spelling spelling() {
        return spelling;
    }

    int vocabSize() {
        return spelling.vocabSize();
    }

    int childrenFrom(int node) {
        return firstChild[node];
    }

    int childrenTo(int node) {
        return firstChild[node + 1];
    }

    int label(int node) {
        return label[node] & 0xFF;
    }

    /** Allows the tokens that end at a node. */
    void mark(int node, long[] bits) {
        for (int i = firstToken[node]; i < firstToken[node + 1]; i++) {
            bits[tokens[i] >> 6] |= 1L << tokens[i];
        }
    }
}
