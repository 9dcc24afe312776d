package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.stream.WholeWrites;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * Writes documents as token shards, in the format of the package documentation. Memory is bounded by one shard's
 * document index. A shard is written under a temporary name, forced to disk and renamed: a file with a shard's name is
 * whole. Not thread-safe.
 */
public final class TokenShardWriter implements AutoCloseable {
    /** 64 Mi tokens: 128 MiB at two bytes a token. */
    public static final long DEFAULT_TOKENS_PER_SHARD = 1L << 26;

    private static final int BUFFER_BYTES = 1 << 18;

    private final Path directory;
    private final int vocabSize;
    private final int bytesPerToken;
    private final String tokenizerSha256;
    private final long tokensPerShard;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    private FileChannel channel;
    private Path temporary;
    private int shard;
    private long shardTokens;
    private long shardTextBytes;
    private long shardDocuments;
    private final CRC32C tokensCrc = new CRC32C();
    private final ByteArrayOutputStream entries = new ByteArrayOutputStream();
    private final ByteArrayOutputStream ids = new ByteArrayOutputStream();

    private long documents;
    private long tokens;
    private long textBytes;
    private boolean finished;

    /**
     * A writer into {@code directory}, which is made when missing.
     *
     * @param tokensPerShard upper bound of one file
     */
    public TokenShardWriter(Path directory, int vocabSize, String tokenizerSha256, long tokensPerShard) {
        if (tokensPerShard < 1 || vocabSize < 1) {
            throw new IllegalArgumentException(tokensPerShard + " tokens a shard, vocabulary of " + vocabSize);
        }
        this.directory = directory;
        this.vocabSize = vocabSize;
        this.bytesPerToken = ShardHeader.bytesPerToken(vocabSize);
        this.tokenizerSha256 = tokenizerSha256;
        this.tokensPerShard = tokensPerShard;
        try {
            Files.createDirectories(directory);
            this.temporary = temporaryFile();
            this.channel = openShard();
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    /** Documents so far. */
    public long documents() {
        return documents;
    }

    /** Tokens so far. */
    public long tokens() {
        return tokens;
    }

    /** UTF-8 bytes of the texts so far. */
    public long textBytes() {
        return textBytes;
    }

    /** Files, once finished. */
    public int shards() {
        return shard + 1;
    }

    /**
     * Appends a document; one that is longer than a shard goes on in the next.
     *
     * @param documentTokens ids below the vocabulary size, with the end-of-text token where the caller wants one
     * @throws TroupeException when the disk is full or the folder cannot be written
     */
    public void append(String id, int[] documentTokens, long documentTextBytes) {
        try {
            if (shardTokens > 0 && shardTokens + documentTokens.length > tokensPerShard) {
                nextShard();
            }
            addEntry(id, documentTextBytes, 0);
            int done = 0;
            while (true) {
                int count = (int) Math.min(documentTokens.length - done, tokensPerShard - shardTokens);
                write(documentTokens, done, count);
                done += count;
                if (done == documentTokens.length) {
                    break;
                }
                nextShard();
                addEntry(id, 0, ShardHeader.ENTRY_CONTINUES);
            }
            documents++;
            textBytes += documentTextBytes;
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    /** Ends the last shard; without it, {@link #close} throws the last shard away. */
    public void finish() {
        if (finished) {
            return;
        }
        try {
            endShard(true);
            finished = true;
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    @Override
    public void close() {
        if (!finished) {
            try {
                channel.close();
                Files.deleteIfExists(temporary);
            } catch (IOException e) {
                throw cannotWrite(e);
            }
        }
    }

    private void addEntry(String id, long documentTextBytes, int flags) {
        byte[] idBytes = id.getBytes(StandardCharsets.UTF_8);
        MemorySegment entry = MemorySegment.ofArray(new byte[ShardHeader.ENTRY_BYTES]);
        entry.set(ShardHeader.LONG, 0, shardTokens);
        entry.set(ShardHeader.LONG, 8, documentTextBytes);
        entry.set(ShardHeader.INT, 16, ids.size());
        entry.set(ShardHeader.INT, 20, idBytes.length);
        entry.set(ShardHeader.INT, 24, flags);
        entries.writeBytes((byte[]) entry.heapBase().orElseThrow());
        ids.writeBytes(idBytes);
        shardDocuments++;
        shardTextBytes += documentTextBytes;
    }

    private void write(int[] from, int offset, int count) throws IOException {
        for (int i = offset; i < offset + count; i++) {
            int token = from[i];
            if (token < 0 || token >= vocabSize) {
                throw new IllegalArgumentException("token " + token + " of a vocabulary of " + vocabSize);
            }
            if (buffer.remaining() < bytesPerToken) {
                drain();
            }
            if (bytesPerToken == Short.BYTES) {
                buffer.putShort((short) token);
            } else {
                buffer.putInt(token);
            }
        }
        shardTokens += count;
        tokens += count;
    }

    private void drain() throws IOException {
        buffer.flip();
        tokensCrc.update(buffer.duplicate());
        WholeWrites.write(channel, buffer);
        buffer.clear();
    }

    private void nextShard() throws IOException {
        endShard(false);
        shard++;
        shardTokens = 0;
        shardTextBytes = 0;
        shardDocuments = 0;
        tokensCrc.reset();
        entries.reset();
        ids.reset();
        temporary = temporaryFile();
        channel = openShard();
    }

    private Path temporaryFile() {
        return directory.resolve(ShardHeader.fileName(shard) + ".tmp");
    }

    private FileChannel openShard() throws IOException {
        FileChannel opened = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        opened.position(ShardHeader.BYTES);
        return opened;
    }

    private void endShard(boolean last) throws IOException {
        drain();
        var indexCrc = new CRC32C();
        for (byte[] part : new byte[][] {entries.toByteArray(), ids.toByteArray()}) {
            indexCrc.update(part);
            WholeWrites.write(channel, ByteBuffer.wrap(part));
        }
        var header = new ShardHeader(
                bytesPerToken,
                shardTokens,
                vocabSize,
                shard,
                last,
                shardDocuments,
                ShardHeader.BYTES + shardTokens * bytesPerToken,
                (long) entries.size() + ids.size(),
                shardTextBytes,
                tokenizerSha256,
                (int) tokensCrc.getValue(),
                (int) indexCrc.getValue());
        channel.position(0);
        WholeWrites.write(channel, ByteBuffer.wrap(header.toBytes()));
        channel.force(true);
        channel.close();
        Files.move(
                temporary,
                directory.resolve(ShardHeader.fileName(shard)),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    private TroupeException cannotWrite(IOException e) {
        return new TroupeException(
                "cannot write token shards to " + directory + ": " + e.getMessage()
                        + "; free some space or choose another folder",
                e);
    }
}
