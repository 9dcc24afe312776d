package dev.troupe.model.format.durable;

/**
 * What a file holds, in short.
 *
 * @param bytes its length
 * @param sha256 64 hexadecimal digits, lower case
 */
public record FileDigest(long bytes, String sha256) {
    private static final int SHORT_DIGITS = 12;

    /** The first digits, enough to tell versions apart. */
    public String shortSha256() {
        return sha256.substring(0, Math.min(SHORT_DIGITS, sha256.length()));
    }
}
