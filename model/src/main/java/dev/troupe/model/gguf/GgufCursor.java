package dev.troupe.model.gguf;

import dev.troupe.model.TroupeException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/** Reads a file's header from front to back; what would lie past its end is an error that says so. */
final class GgufCursor {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Of all metadata: three times the tokens, scores, types and merges of the largest vocabularies. */
    private static final long MOST_VALUES = 1 << 22;

    /** Of all texts of a header: several times what the largest vocabularies have. */
    private static final long MOST_TEXT_BYTES = 64 << 20;

    private static final char REPLACEMENT = '\uFFFD';

    private final String fileName;
    private final MemorySegment file;
    private final CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder(); // reports what is malformed
    private long position;
    private long numValues;
    private long textBytes;

    GgufCursor(String fileName, MemorySegment file) {
        this.fileName = fileName;
        this.file = file;
    }

    long position() {
        return position;
    }

    long fileBytes() {
        return file.byteSize();
    }

    long left() {
        return file.byteSize() - position;
    }

    /** Moves on by {@code bytes}; returns where they begin. */
    private long take(long bytes) {
        if (bytes > left()) {
            throw damaged("its header ends in the middle, after " + file.byteSize()
                    + " bytes (is the file truncated? copy it again)");
        }
        long at = position;
        position += bytes;
        return at;
    }

    byte int8() {
        return file.get(BYTE, take(1));
    }

    short int16() {
        return file.get(SHORT, take(2));
    }

    int int32() {
        return file.get(INT, take(4));
    }

    long int64() {
        return file.get(LONG, take(8));
    }

    /** A number of things that take {@code leastBytes} each: no more than the rest of the file has room for. */
    long count(String things, int leastBytes) {
        long count = int64();
        if (count < 0 || count > left() / leastBytes) {
            throw damaged("it says that there are " + Long.toUnsignedString(count) + " " + things + ", but only "
                    + left() + " bytes follow");
        }
        return count;
    }

    /** Values take many times as much of the heap as of the file, so there is a limit to what all entries have. */
    void countValues(String key, long more) {
        numValues += more;
        if (numValues > MOST_VALUES) {
            throw damaged("metadata entry '" + GgufHeader.shortened(key) + "' has " + more + " values, and there are "
                    + numValues + " up to it, more than " + MOST_VALUES);
        }
    }

    /** @param what names it in messages; made only for one, because vocabularies have many texts */
    String text(Supplier<String> what, int mostBytes) {
        long length = int64();
        if (length < 0 || length > left() || length > mostBytes) {
            throw damaged(what.get() + " is said to have " + Long.toUnsignedString(length) + " bytes; there are "
                    + left() + ", and at most " + mostBytes + " are allowed");
        }
        textBytes += length;
        if (textBytes > MOST_TEXT_BYTES) {
            throw damaged(what.get() + " is one text too many: all of the header's together have " + textBytes
                    + " bytes, more than " + MOST_TEXT_BYTES);
        }
        byte[] bytes = new byte[(int) length];
        MemorySegment.copy(file, BYTE, take(length), bytes, 0, bytes.length);
        String text = new String(bytes, StandardCharsets.UTF_8);
        if (text.indexOf(REPLACEMENT) < 0) {
            return text;
        }
        try { // it may have the character, or bytes that the other reader replaced
            return utf8.decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw damaged(what.get() + " is not UTF-8");
        }
    }

    MetadataType metadataType(String key) {
        long number = Integer.toUnsignedLong(int32());
        if (!MetadataType.exists(number)) {
            throw damaged("metadata entry '" + GgufHeader.shortened(key) + "' has the unknown type " + number);
        }
        return MetadataType.numbered(number);
    }

    TroupeException damaged(String tensor, String problem) {
        return damaged("tensor '" + GgufHeader.shortened(tensor) + "': " + problem);
    }

    TroupeException damaged(String problem) {
        return new TroupeException(fileName + " is not a valid GGUF file: " + problem);
    }

    TroupeException unsupported(String problem) {
        return new TroupeException(fileName + ": " + problem);
    }
}
