package dev.troupe.deploy.bench;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Requests of clients that speak HTTP by themselves: to cost little, or to leave as they like. */
final class RawRequest {
    private RawRequest() {}

    /** The bytes of a POST of {@code json}. */
    static byte[] post(String authority, String path, byte[] json) {
        String head = "POST " + path + " HTTP/1.1\r\nHost: " + authority
                + "\r\nContent-Type: application/json\r\nContent-Length: " + json.length + "\r\n\r\n";
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(head.length() + json.length);
        bytes.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        bytes.writeBytes(json);
        return bytes.toByteArray();
    }
}
