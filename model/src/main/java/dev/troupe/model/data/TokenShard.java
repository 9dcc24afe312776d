package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/** One mapped shard file; positions and document numbers are its own. */
final class TokenShard {
    private static final long CRC_CHUNK_BYTES = 1 << 20;

    private final Path file;
    private final ShardHeader header;
    private final MemorySegment tokens;
    private final MemorySegment index;
    /** 1 when the first entry goes on with a document of the shard before, else 0. */
    private final int continued;

    private TokenShard(Path file, ShardHeader header, MemorySegment content) {
        this.file = file;
        this.header = header;
        this.tokens = content.asSlice(ShardHeader.BYTES, header.tokens() * header.bytesPerToken());
        this.index = content.asSlice(header.indexOffset(), header.indexBytes());
        this.continued =
                header.documents() > 0 && (index.get(ShardHeader.INT, 24) & ShardHeader.ENTRY_CONTINUES) != 0 ? 1 : 0;
    }

    static TokenShard open(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment content = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
            var shard = new TokenShard(file, ShardHeader.read(file, content), content);
            shard.requireChecksums();
            return shard;
        }
    }

    private void requireChecksums() {
        if (crc(tokens) != header.tokensCrc()) {
            throw ShardHeader.damaged(file, "the checksum of its tokens is wrong");
        }
        if (crc(index) != header.indexCrc()) {
            throw ShardHeader.damaged(file, "the checksum of its document index is wrong");
        }
    }

    private static int crc(MemorySegment bytes) {
        var crc = new CRC32C();
        for (long at = 0; at < bytes.byteSize(); at += CRC_CHUNK_BYTES) {
            long length = Math.min(CRC_CHUNK_BYTES, bytes.byteSize() - at);
            crc.update(bytes.asSlice(at, length).asByteBuffer());
        }
        return (int) crc.getValue();
    }

    void requireSameTokenizer(TokenShard first) {
        if (!header.tokenizerSha256().equals(first.header.tokenizerSha256())
                || header.vocabSize() != first.header.vocabSize()) {
            throw new TroupeException("token shards " + first.file + " and " + file
                    + " were made with different tokenizers: prepare the corpus again");
        }
    }

    ShardHeader header() {
        return header;
    }

    long tokens() {
        return header.tokens();
    }

    /** Documents that begin in this shard. */
    long documents() {
        return header.documents() - continued;
    }

    int token(long position) {
        return header.bytesPerToken() == Short.BYTES
                ? Short.toUnsignedInt(tokens.get(ShardHeader.SHORT, position * Short.BYTES))
                : tokens.get(ShardHeader.INT, position * Integer.BYTES);
    }

    void copy(long position, int[] into, int offset, int length) {
        if (header.bytesPerToken() == Integer.BYTES) {
            MemorySegment.copy(tokens, ShardHeader.INT, position * Integer.BYTES, into, offset, length);
            return;
        }
        short[] narrow = new short[length];
        MemorySegment.copy(tokens, ShardHeader.SHORT, position * Short.BYTES, narrow, 0, length);
        for (int i = 0; i < length; i++) {
            into[offset + i] = Short.toUnsignedInt(narrow[i]);
        }
    }

    private long entry(long document) {
        return (document + continued) * ShardHeader.ENTRY_BYTES;
    }

    long firstToken(long document) {
        return index.get(ShardHeader.LONG, entry(document));
    }

    long documentTextBytes(long document) {
        return index.get(ShardHeader.LONG, entry(document) + 8);
    }

    String documentId(long document) {
        long idsAt = header.documents() * ShardHeader.ENTRY_BYTES;
        long from = idsAt + Integer.toUnsignedLong(index.get(ShardHeader.INT, entry(document) + 16));
        int length = index.get(ShardHeader.INT, entry(document) + 20);
        byte[] bytes = index.asSlice(from, length).toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
