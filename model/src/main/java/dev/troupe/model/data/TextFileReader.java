package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads one UTF-8 file as documents, holding one document at a time. Not thread-safe. */
final class TextFileReader implements AutoCloseable {
    /** A line of exactly this ends a document. */
    static final String SEPARATOR = "<|endoftext|>";

    /** A document is one string, whose length has a limit. */
    private static final int MAX_DOCUMENT_BYTES = 1 << 30;

    private static final int BLOCK_BYTES = 1 << 16;
    private static final byte[] SEPARATOR_BYTES = SEPARATOR.getBytes(StandardCharsets.US_ASCII);
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    /** Up to this many malformed sequences, and one more for each thousand bytes, are taken for accidents. */
    private static final int MALFORMED_ALLOWANCE = 8;

    private static final int MALFORMED_BYTES_PER_MORE = 1000;

    private final Path file;
    private final String id;
    private final InputStream in;
    private final byte[] block = new byte[BLOCK_BYTES];
    private int blockAt;
    private int blockEnd;
    private long blockOffset;

    private long documents;
    private long decodedBytes;
    private long malformed;
    private boolean ended;

    /** {@code id} names the file in document ids. */
    TextFileReader(Path file, String id) throws IOException {
        this.file = file;
        this.id = id;
        this.in = Files.newInputStream(file);
    }

    /** Malformed sequences that were replaced so far. */
    long malformed() {
        return malformed;
    }

    /**
     * The next document that is not empty, or null at the end.
     *
     * @throws NotTextException when the file is no UTF-8 text
     */
    @Nullable Document next() throws IOException {
        while (!ended) {
            long offset = blockOffset + blockAt;
            boolean whole = documents == 0;
            byte[] bytes = readToSeparator();
            whole &= ended;
            String text = decode(bytes, offset);
            if (offset == 0 && text.startsWith(BYTE_ORDER_MARK)) {
                text = text.substring(1);
            }
            if (!whole) {
                text = withoutOuterLineEnds(text);
            }
            long number = documents++;
            if (!text.isEmpty()) {
                return new Document(whole ? id : id + "#" + number, text);
            }
        }
        return null;
    }

    /** The bytes up to the next line that is a separator, which is passed over, or to the end of the file. */
    private byte[] readToSeparator() throws IOException {
        var document = new ByteArrayOutputStream();
        var line = new ByteArrayOutputStream();
        boolean insideLine = false; // the beginning of a very long line is in the document already
        while (true) {
            if (blockAt == blockEnd && !fill()) {
                ended = true;
                if (insideLine || !isSeparator(line)) {
                    line.writeTo(document);
                }
                return document.toByteArray();
            }
            int end = blockAt;
            while (end < blockEnd && block[end] != '\n') {
                end++;
            }
            boolean lineEnds = end < blockEnd;
            int stop = lineEnds ? end + 1 : end;
            line.write(block, blockAt, stop - blockAt);
            blockAt = stop;
            if (lineEnds || line.size() > BLOCK_BYTES) {
                if (lineEnds && !insideLine && isSeparator(line)) {
                    return document.toByteArray();
                }
                line.writeTo(document);
                line.reset();
                insideLine = !lineEnds;
            }
            if (document.size() > MAX_DOCUMENT_BYTES) {
                throw new TroupeException(file + " has a document of more than " + (MAX_DOCUMENT_BYTES >> 20)
                        + " MiB: divide it by lines that hold only " + SEPARATOR + ", or into several files");
            }
        }
    }

    private static boolean isSeparator(ByteArrayOutputStream line) {
        if (line.size() < SEPARATOR_BYTES.length || line.size() > SEPARATOR_BYTES.length + 2) {
            return false;
        }
        byte[] bytes = line.toByteArray();
        int length = bytes.length;
        while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r')) {
            length--;
        }
        return Arrays.equals(bytes, 0, length, SEPARATOR_BYTES, 0, SEPARATOR_BYTES.length);
    }

    private boolean fill() throws IOException {
        blockOffset += blockEnd;
        blockAt = 0;
        blockEnd = Math.max(0, in.read(block));
        for (int i = 0; i < blockEnd; i++) {
            if (block[i] == 0) {
                throw new NotTextException(file + " is no text: it has a NUL byte at offset " + (blockOffset + i)
                        + "; give UTF-8 text (a UTF-16 file must be converted first)");
            }
        }
        return blockEnd > 0;
    }

    private String decode(byte[] bytes, long offset) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        decodedBytes += bytes.length;
        if (text.indexOf('\uFFFD') >= 0) {
            countMalformed(bytes, offset);
        }
        return text;
    }

    private void countMalformed(byte[] bytes, long offset) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer scratch = CharBuffer.allocate(BLOCK_BYTES);
        while (in.hasRemaining()) {
            scratch.clear();
            CoderResult result = decoder.decode(in, scratch, true);
            if (result.isError()) {
                malformed++;
                if (malformed > MALFORMED_ALLOWANCE + decodedBytes / MALFORMED_BYTES_PER_MORE) {
                    throw new NotTextException(file + " is no UTF-8 text: there are " + malformed
                            + " malformed sequences up to offset " + (offset + in.position())
                            + "; convert it first, for instance with iconv -f ISO-8859-1 -t UTF-8");
                }
                in.position(in.position() + result.length());
            }
        }
    }

    private static String withoutOuterLineEnds(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && isLineEnd(text.charAt(from))) {
            from++;
        }
        while (to > from && isLineEnd(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }

    private static boolean isLineEnd(char c) {
        return c == '\n' || c == '\r';
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
