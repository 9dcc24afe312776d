package dev.troupe.model.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Which documents are kept from training, by their ids alone, so that a document stays on its side when others come or
 * go: the first 53 bits of the SHA-256 of the id (UTF-8, big-endian), read as a fraction of [0, 1), are below
 * {@code fraction}.
 */
public final class HoldOut {
    private HoldOut() {}

    /** Whether a document is kept from training when {@code fraction} of all documents is. */
    public static boolean isHeldOut(String documentId, double fraction) {
        return position(documentId) < fraction;
    }

    /** Where an id falls in [0, 1). */
    static double position(String documentId) {
        byte[] digest = Sha256.of(documentId.getBytes(StandardCharsets.UTF_8));
        return (ByteBuffer.wrap(digest).getLong() >>> 11) * 0x1p-53;
    }
}
