package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The tokens of a corpus: memory-mapped shards read as one stream, and the documents that they come from. Opening
 * checks every header, every size and every checksum. Immutable and thread-safe; the mapping goes away with the object.
 */
public final class TokenShards implements CorpusTokens {
    private final Path directory;
    private final List<TokenShard> shards;
    /** [shards + 1]: the stream position at which each shard begins, and the end. */
    private final long[] firstTokens;
    /** [shards + 1]: the number of the first document that begins in each shard, and the count. */
    private final long[] firstDocuments;

    private TokenShards(Path directory, List<TokenShard> shards) {
        this.directory = directory;
        this.shards = shards;
        this.firstTokens = new long[shards.size() + 1];
        this.firstDocuments = new long[shards.size() + 1];
        for (int i = 0; i < shards.size(); i++) {
            firstTokens[i + 1] = firstTokens[i] + shards.get(i).tokens();
            firstDocuments[i + 1] = firstDocuments[i] + shards.get(i).documents();
        }
    }

    /**
     * Maps the shards of a folder.
     *
     * @throws TroupeException when the folder has none, or one is missing, truncated, damaged or of another tokenizer
     */
    public static TokenShards open(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new TroupeException("there are no token shards in " + directory + ": prepare the corpus first");
        }
        var shards = new ArrayList<TokenShard>();
        boolean last = false;
        while (!last) {
            Path file = directory.resolve(ShardHeader.fileName(shards.size()));
            if (!Files.exists(file)) {
                throw new TroupeException("token shard " + file + " is missing: prepare the corpus again");
            }
            TokenShard shard = openShard(file);
            if (shard.header().shard() != shards.size()) {
                throw ShardHeader.damaged(
                        file, "it says that it is shard " + shard.header().shard());
            }
            if (!shards.isEmpty()) {
                shard.requireSameTokenizer(shards.getFirst());
            }
            shards.add(shard);
            last = shard.header().last();
        }
        return new TokenShards(directory, List.copyOf(shards));
    }

    private static TokenShard openShard(Path file) {
        try {
            return TokenShard.open(file);
        } catch (IOException e) {
            throw new TroupeException("cannot read token shard " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * These shards, for the tokenizer that a model has.
     *
     * @throws TroupeException when another tokenizer made them
     */
    public TokenShards requireTokenizer(String sha256) {
        if (!tokenizerSha256().equals(sha256)) {
            throw new TroupeException("the token shards in " + directory + " were made with another tokenizer ("
                    + tokenizerSha256().substring(0, 12) + ", not " + sha256.substring(0, Math.min(12, sha256.length()))
                    + "): prepare the corpus again with this one");
        }
        return this;
    }

    public Path directory() {
        return directory;
    }

    /** Number of files. */
    public int numShards() {
        return shards.size();
    }

    @Override
    public String name() {
        return directory.toString();
    }

    /** Number of tokens of all documents. */
    @Override
    public long tokens() {
        return firstTokens[shards.size()];
    }

    /** Number of documents. */
    public long documents() {
        return firstDocuments[shards.size()];
    }

    /** UTF-8 bytes of all documents: the denominator of bits per byte. */
    public long textBytes() {
        return shards.stream().mapToLong(shard -> shard.header().textBytes()).sum();
    }

    @Override
    public int vocabSize() {
        return shards.getFirst().header().vocabSize();
    }

    @Override
    public String tokenizerSha256() {
        return shards.getFirst().header().tokenizerSha256();
    }

    /** Of the headers, which have the checksums of everything else. */
    @Override
    public String sha256() {
        Sha256 digest = new Sha256();
        shards.forEach(shard -> digest.addBytes(shard.header().toBytes()));
        return digest.hex();
    }

    /** The token at a stream position. */
    public int token(long position) {
        int shard = shardOf(position);
        return shards.get(shard).token(position - firstTokens[shard]);
    }

    /** Copies {@code length} tokens from a stream position on, over shard boundaries. */
    @Override
    public void copy(long position, int[] into, int offset, int length) {
        if (position < 0 || length < 0 || position + length > tokens()) {
            throw new IndexOutOfBoundsException(
                    "tokens " + position + " to " + (position + length) + " of " + tokens());
        }
        int done = 0;
        while (done < length) {
            int shard = shardOf(position + done);
            long within = position + done - firstTokens[shard];
            int count = (int) Math.min(length - done, shards.get(shard).tokens() - within);
            shards.get(shard).copy(within, into, offset + done, count);
            done += count;
        }
    }

    /** Tokens [from, to) of the stream. */
    public int[] copyOfRange(long from, long to) {
        int[] copy = new int[Math.toIntExact(to - from)];
        copy(from, copy, 0, copy.length);
        return copy;
    }

    private int shardOf(long position) {
        if (position < 0 || position >= tokens()) {
            throw new IndexOutOfBoundsException("token " + position + " of " + tokens());
        }
        return find(firstTokens, position);
    }

    /** The i with starts[i] <= value < starts[i + 1]; empty ranges are stepped over. */
    private static int find(long[] starts, long value) {
        int found = Arrays.binarySearch(starts, value);
        if (found < 0) {
            return -found - 2;
        }
        while (starts[found + 1] == value) {
            found++;
        }
        return found;
    }

    /** Document number {@code index}. */
    public DocumentSpan document(long index) {
        if (index < 0 || index >= documents()) {
            throw new IndexOutOfBoundsException("document " + index + " of " + documents());
        }
        int shard = find(firstDocuments, index);
        TokenShard holder = shards.get(shard);
        long local = index - firstDocuments[shard];
        return new DocumentSpan(
                index,
                holder.documentId(local),
                firstTokens[shard] + holder.firstToken(local),
                index + 1 < documents() ? firstToken(index + 1) : tokens(),
                holder.documentTextBytes(local));
    }

    private long firstToken(long document) {
        int shard = find(firstDocuments, document);
        return firstTokens[shard] + shards.get(shard).firstToken(document - firstDocuments[shard]);
    }

    /** The document that the token at a stream position belongs to: from a batch back to its texts. */
    public DocumentSpan documentAt(long position) {
        shardOf(position);
        long low = 0;
        long high = documents() - 1;
        while (low < high) {
            long middle = (low + high + 1) >>> 1;
            if (firstToken(middle) <= position) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return document(low);
    }
}
