package dev.troupe.deploy.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A client that closes its connection while the server is at work. Its connection is its own: a pool of connections may
 * give the next request one that a client which leaves is closing.
 */
final class LeavingClient {
    private static final String OK = "HTTP/1.1 200 ";

    private LeavingClient() {}

    /**
     * Reads so many lines of an answer's body, or all that there are, then leaves.
     *
     * @param timeout for each
     * @throws IOException when there is no answer in time, or one with another status than 200
     */
    static void readLines(URI url, byte[] json, Duration timeout, int numLines) throws IOException {
        try (Socket socket = ask(url, json, timeout)) {
            BufferedReader lines = lines(socket);
            requireOk(lines.readLine());
            String line = lines.readLine();
            while (line != null && !line.isEmpty()) { // headers
                line = lines.readLine();
            }
            for (int read = 0; read < numLines && line != null; read++) {
                line = lines.readLine();
            }
        }
    }

    /**
     * Leaves after so long, or when there is an answer.
     *
     * @throws IOException when there is one with another status than 200, or none at all because the server closed
     */
    static void wait(URI url, byte[] json, Duration patience) throws IOException {
        try (Socket socket = ask(url, json, patience)) {
            requireOk(lines(socket).readLine());
        } catch (SocketTimeoutException e) {
            // Patience is over: it leaves.
        }
    }

    private static Socket ask(URI url, byte[] json, Duration timeout) throws IOException {
        Socket socket = new Socket();
        try {
            socket.connect(new InetSocketAddress(url.getHost(), url.getPort()));
            socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
            socket.getOutputStream().write(RawRequest.post(url.getAuthority(), url.getPath(), json));
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private static BufferedReader lines(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    private static void requireOk(String status) throws IOException {
        if (status == null || !status.startsWith(OK)) {
            throw new IOException("the answer began with " + status);
        }
    }
}
