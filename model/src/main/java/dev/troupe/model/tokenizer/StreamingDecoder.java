package dev.troupe.model.tokenizer;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * Text of a stream of tokens, without splitting a UTF-8 character: bytes of a character that is not complete yet wait
 * for the next token. The parts joined equal the decoding of all bytes at once; bytes that can't become a character are
 * U+FFFD. Not thread-safe: one per stream.
 */
public final class StreamingDecoder {
    private final Tokenizer tokenizer;
    private byte[] pending = new byte[0];

    public StreamingDecoder(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** The text that this token completes; may be empty. */
    public String append(int token) {
        byte[] bytes = tokenizer.tokenBytes(token);
        if (pending.length > 0) {
            ByteArrayOutputStream joined = new ByteArrayOutputStream(pending.length + bytes.length);
            joined.writeBytes(pending);
            joined.writeBytes(bytes);
            bytes = joined.toByteArray();
        }
        int complete = bytes.length - unfinished(bytes);
        pending = Arrays.copyOfRange(bytes, complete, bytes.length);
        return Utf8.text(bytes, 0, complete);
    }

    /** The end of the stream: U+FFFD when a character was left unfinished, else "". */
    public String flush() {
        String rest = Utf8.text(pending, 0, pending.length);
        pending = new byte[0];
        return rest;
    }

    /** Number of bytes at the end that may still become a character. */
    private static int unfinished(byte[] bytes) {
        for (int back = 1; back <= Math.min(3, bytes.length); back++) {
            int lead = bytes[bytes.length - back] & 0xFF;
            if ((lead & 0xC0) == 0x80) {
                continue;
            }
            boolean cut = Utf8.length(lead) > back
                    && (back == 1 || Utf8.isSecond(lead, bytes[bytes.length - back + 1] & 0xFF));
            return cut ? back : 0;
        }
        return 0;
    }
}
