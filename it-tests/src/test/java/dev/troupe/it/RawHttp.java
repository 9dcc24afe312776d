package dev.troupe.it;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** One connection, for what no well-behaved client sends or does. */
final class RawHttp implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 20_000;

    private final Socket socket;
    private final BufferedReader in;

    RawHttp(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    static byte[] head(String path, long contentLength) {
        return ("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                        + contentLength + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    void get(String path) throws IOException {
        send(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    void post(String path, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        send(head(path, bytes.length));
        send(bytes);
    }

    /** No more bytes follow. */
    void halfClose() throws IOException {
        socket.shutdownOutput();
    }

    /** The status of the next answer, whose head is read; 0 when the connection is closed instead. */
    int status() throws IOException {
        return status(new HashMap<>());
    }

    /** @param headers gets those of the answer, their names in lower case */
    int status(Map<String, String> headers) throws IOException {
        String line;
        try {
            line = in.readLine();
        } catch (SocketException e) {
            return 0; // reset
        }
        if (line == null) {
            return 0;
        }
        int status = Integer.parseInt(line.split(" ", 3)[1]);
        while (line != null && !line.isEmpty()) {
            line = in.readLine();
            int colon = line == null ? -1 : line.indexOf(':');
            if (colon > 0) {
                headers.put(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip());
            }
        }
        return status;
    }

    /** The body of an answer whose length is among its headers, in ASCII. */
    String body(Map<String, String> headers) throws IOException {
        char[] body = new char[Integer.parseInt(headers.getOrDefault("content-length", "0"))];
        int read = 0;
        while (read < body.length) {
            int n = in.read(body, read, body.length - read);
            if (n < 0) {
                throw new EOFException("only " + read + " of " + body.length + " characters");
            }
            read += n;
        }
        return new String(body);
    }

    /** The rest of what comes, up to the end of the connection. */
    String rest() throws IOException {
        StringBuilder text = new StringBuilder();
        char[] buffer = new char[8192];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            text.append(buffer, 0, n);
        }
        return text.toString();
    }

    /** One line of an answer's body. */
    String line() throws IOException {
        return String.valueOf(in.readLine());
    }

    /** Breaks the connection off with a reset, as a crashed client's system does. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
