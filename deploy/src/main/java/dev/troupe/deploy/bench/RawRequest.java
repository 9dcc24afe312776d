package dev.troupe.deploy.bench;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Requests of clients that speak HTTP by themselves: to cost little, or to leave as they like. */
final class RawRequest {
    private RawRequest() {}

    /** The bytes of a POST of {@code json}. */
    static byte[] post(String authority, String path, byte[] json) {
        byte[] head = head(authority, path, json.length);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(head.length + json.length);
        bytes.writeBytes(head);
        bytes.writeBytes(json);
        return bytes.toByteArray();
    }

    /** The bytes that announce a POST of so many bytes of JSON. */
    static byte[] head(String authority, String path, int numBytes) {
        return ("POST " + path + " HTTP/1.1\r\nHost: " + authority
                        + "\r\nContent-Type: application/json\r\nContent-Length: " + numBytes + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }
}
