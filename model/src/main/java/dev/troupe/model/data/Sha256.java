package dev.troupe.model.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 over a sequence of fields; each goes in with its length, so that no two sequences collide by joining. */
final class Sha256 {
    private final MessageDigest digest = newDigest();

    private static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /** The digest of exactly these bytes. */
    static byte[] of(byte[] bytes) {
        return newDigest().digest(bytes);
    }

    Sha256 addString(String field) {
        return addBytes(field.getBytes(StandardCharsets.UTF_8));
    }

    Sha256 addBytes(byte[] field) {
        addLong(field.length);
        digest.update(field);
        return this;
    }

    Sha256 addLong(long field) {
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, field));
        return this;
    }

    /** The digest in 64 lower-case hexadecimal digits; ends this computation. */
    String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
