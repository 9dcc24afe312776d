package dev.troupe.routing.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Who sent a request.
 *
 * @param keyName of the API key that was accepted; empty where none is needed
 * @param address of the other end of the connection
 */
public record Caller(Optional<String> keyName, String address) {
    private static final int DIGITS = 16;

    /**
     * The name by which queues tell clients apart: of the API key, else of the user, else the address. Short, and it
     * betrays neither key nor user.
     *
     * @param user what the request says of itself, may be empty
     */
    public String client(String user) {
        return keyName.orElseGet(() -> user.isEmpty() ? "address:" + address : "user:" + digits(user));
    }

    /** The first digits of a SHA-256. */
    static String digits(String text) {
        return HexFormat.of().formatHex(digest(text)).substring(0, DIGITS);
    }

    static byte[] digest(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
