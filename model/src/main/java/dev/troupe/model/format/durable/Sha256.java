package dev.troupe.model.format.durable;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.zip.CRC32;

/** SHA-256 of bytes as they are written, of a file, or of a byte array. */
public final class Sha256 {
    private static final int BUFFER_BYTES = 1 << 20;

    private Sha256() {}

    /** Reads a file once from start to end. */
    public static FileDigest of(Path file) throws IOException {
        MessageDigest digest = newDigest();
        long bytes = 0;
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (channel.read(buffer.clear()) >= 0) {
                digest.update(buffer.flip());
                bytes += buffer.limit();
            }
        }
        return new FileDigest(bytes, HexFormat.of().formatHex(digest.digest()));
    }

    /**
     * A digest of the length and of the CRC-32 of each mebibyte, at the speed of memory: it tells versions apart, but
     * not files that somebody made to deceive.
     *
     * @param bytes native memory, such as a mapped file
     */
    public static FileDigest ofPieces(MemorySegment bytes) {
        long size = bytes.byteSize();
        int pieces = Math.toIntExact(Math.ceilDiv(size, BUFFER_BYTES));
        ByteBuffer sums =
                ByteBuffer.allocate(Long.BYTES + pieces * Integer.BYTES).putLong(size);
        CRC32 crc = new CRC32();
        for (long from = 0; from < size; from += BUFFER_BYTES) {
            crc.reset();
            crc.update(bytes.asSlice(from, Math.min(BUFFER_BYTES, size - from)).asByteBuffer());
            sums.putInt((int) crc.getValue());
        }
        return new FileDigest(size, of(sums.array()));
    }

    /** 64 hexadecimal digits. */
    public static String of(byte[] bytes) {
        return HexFormat.of().formatHex(newDigest().digest(bytes));
    }

    private static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** A channel that passes bytes on and digests those that were taken. */
    static final class Output implements WritableByteChannel {
        private final WritableByteChannel out;
        private final MessageDigest digest = newDigest();
        private long bytes;

        Output(WritableByteChannel out) {
            this.out = out;
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            ByteBuffer taken = source.duplicate();
            int count = out.write(source);
            digest.update(taken.limit(taken.position() + count));
            bytes += count;
            return count;
        }

        /** The digest of all that was written; the channel must not be used any more. */
        FileDigest finish() {
            return new FileDigest(bytes, HexFormat.of().formatHex(digest.digest()));
        }

        @Override
        public boolean isOpen() {
            return out.isOpen();
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
