package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * The first {@value #BYTES} bytes of a token shard; the package documentation has the layout.
 *
 * @param bytesPerToken 2 or 4
 * @param shard number of this file in its folder, from 0
 * @param last whether no shard follows
 * @param textBytes UTF-8 bytes of the documents that begin here
 * @param tokenizerSha256 64 hexadecimal digits
 * @param tokensCrc CRC-32C of the tokens
 * @param indexCrc CRC-32C of the document entries and ids
 */
record ShardHeader(
        int bytesPerToken,
        long tokens,
        int vocabSize,
        int shard,
        boolean last,
        long documents,
        long indexOffset,
        long indexBytes,
        long textBytes,
        String tokenizerSha256,
        int tokensCrc,
        int indexCrc) {
    static final int BYTES = 128;
    static final int VERSION = 1;

    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final byte[] MAGIC = "TRPTOKEN".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION_AT = 8;
    private static final int BYTES_PER_TOKEN_AT = 12;
    private static final int TOKENS_AT = 16;
    private static final int VOCAB_SIZE_AT = 24;
    private static final int SHARD_AT = 28;
    private static final int DOCUMENTS_AT = 32;
    private static final int INDEX_OFFSET_AT = 40;
    private static final int INDEX_BYTES_AT = 48;
    private static final int TEXT_BYTES_AT = 56;
    private static final int TOKENIZER_AT = 64;
    private static final int TOKENIZER_BYTES = 32;
    private static final int TOKENS_CRC_AT = 96;
    private static final int INDEX_CRC_AT = 100;
    private static final int FLAGS_AT = 104;
    private static final int HEADER_CRC_AT = 124;

    private static final int FLAG_LAST = 1;

    /** One document of the index: u64 first token, u64 text bytes, u32 id offset, u32 id length, u32 flags, u32 0. */
    static final int ENTRY_BYTES = 32;

    /** Entry flag: these tokens go on with the last document of the shard before. */
    static final int ENTRY_CONTINUES = 1;

    static String fileName(int shard) {
        return "shard-%05d.tokens".formatted(shard);
    }

    /** The narrowest width that holds every id of a vocabulary. */
    static int bytesPerToken(int vocabSize) {
        return vocabSize <= 1 << Short.SIZE ? Short.BYTES : Integer.BYTES;
    }

    byte[] toBytes() {
        byte[] bytes = new byte[BYTES];
        MemorySegment out = MemorySegment.ofArray(bytes);
        MemorySegment.copy(MAGIC, 0, out, ValueLayout.JAVA_BYTE, 0, MAGIC.length);
        out.set(INT, VERSION_AT, VERSION);
        out.set(INT, BYTES_PER_TOKEN_AT, bytesPerToken);
        out.set(LONG, TOKENS_AT, tokens);
        out.set(INT, VOCAB_SIZE_AT, vocabSize);
        out.set(INT, SHARD_AT, shard);
        out.set(LONG, DOCUMENTS_AT, documents);
        out.set(LONG, INDEX_OFFSET_AT, indexOffset);
        out.set(LONG, INDEX_BYTES_AT, indexBytes);
        out.set(LONG, TEXT_BYTES_AT, textBytes);
        byte[] digest = HexFormat.of().parseHex(tokenizerSha256);
        MemorySegment.copy(digest, 0, out, ValueLayout.JAVA_BYTE, TOKENIZER_AT, TOKENIZER_BYTES);
        out.set(INT, TOKENS_CRC_AT, tokensCrc);
        out.set(INT, INDEX_CRC_AT, indexCrc);
        out.set(INT, FLAGS_AT, last ? FLAG_LAST : 0);
        out.set(INT, HEADER_CRC_AT, crc(bytes, HEADER_CRC_AT));
        return bytes;
    }

    /** Reads and checks the header of {@code file}, whose {@code content} is the whole file. */
    static ShardHeader read(Path file, MemorySegment content) {
        if (content.byteSize() < BYTES) {
            throw damaged(file, "it has only " + content.byteSize() + " bytes, less than a header");
        }
        byte[] bytes = content.asSlice(0, BYTES).toArray(ValueLayout.JAVA_BYTE);
        MemorySegment in = MemorySegment.ofArray(bytes);
        if (in.mismatch(MemorySegment.ofArray(MAGIC)) != MAGIC.length) {
            throw damaged(file, "it does not begin as a token shard");
        }
        int version = in.get(INT, VERSION_AT);
        if (version != VERSION) {
            throw new TroupeException("token shard " + file + " has format version " + version + ", this Troupe reads "
                    + VERSION + ": prepare the corpus again");
        }
        if (in.get(INT, HEADER_CRC_AT) != crc(bytes, HEADER_CRC_AT)) {
            throw damaged(file, "the checksum of its header is wrong");
        }
        byte[] digest = in.asSlice(TOKENIZER_AT, TOKENIZER_BYTES).toArray(ValueLayout.JAVA_BYTE);
        var header = new ShardHeader(
                in.get(INT, BYTES_PER_TOKEN_AT),
                in.get(LONG, TOKENS_AT),
                in.get(INT, VOCAB_SIZE_AT),
                in.get(INT, SHARD_AT),
                (in.get(INT, FLAGS_AT) & FLAG_LAST) != 0,
                in.get(LONG, DOCUMENTS_AT),
                in.get(LONG, INDEX_OFFSET_AT),
                in.get(LONG, INDEX_BYTES_AT),
                in.get(LONG, TEXT_BYTES_AT),
                HexFormat.of().formatHex(digest),
                in.get(INT, TOKENS_CRC_AT),
                in.get(INT, INDEX_CRC_AT));
        header.requireConsistent(file, content.byteSize());
        return header;
    }

    private void requireConsistent(Path file, long fileBytes) {
        if (bytesPerToken != bytesPerToken(vocabSize)
                || tokens < 0
                || documents < 0
                || indexBytes < documents * ENTRY_BYTES
                || indexOffset != BYTES + tokens * bytesPerToken) {
            throw damaged(file, "the sizes in its header contradict one another");
        }
        if (fileBytes != indexOffset + indexBytes) {
            throw damaged(file, "it has " + fileBytes + " bytes, its header says " + (indexOffset + indexBytes));
        }
    }

    static TroupeException damaged(Path file, String problem) {
        return new TroupeException("token shard " + file + " is damaged: " + problem
                + "; delete its corpus folder and prepare the corpus again");
    }

    private static int crc(byte[] bytes, int length) {
        var crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
