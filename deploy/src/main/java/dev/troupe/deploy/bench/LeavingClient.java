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
import java.util.Locale;

/**
 * A client that closes its connection while the server is at work, or does not read what it is sent. Its connection is
 * its own: a pool of connections may give the next request one that a client which leaves is closing.
 */
final class LeavingClient {
    private static final String OK = "HTTP/1.1 200 ";
    private static final String LENGTH = "content-length:";
    private static final int SMALL_BUFFER = 4096;

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

    /**
     * Sees that there is an answer, reads no more of it for so long, and leaves: what it has no room for stays at the
     * server.
     *
     * @throws IOException when there is no answer in time, or one with another status than 200
     */
    static void stopReading(URI url, byte[] json, Duration timeout, Duration stop)
            throws IOException, InterruptedException {
        byte[] request = RawRequest.post(url.getAuthority(), url.getPath(), json);
        try (Socket socket = send(url, request, timeout, SMALL_BUFFER)) {
            requireOk(lines(socket).readLine());
            Thread.sleep(stop);
        }
    }

    /** What a server says instead of reading a request. */
    record Refusal(String status, String body) {}

    /**
     * Announces a request of so many bytes, sends none of them and reads the answer.
     *
     * @throws IOException when there is none in time
     */
    static Refusal announce(URI url, int numBytes, Duration timeout) throws IOException {
        byte[] head = RawRequest.head(url.getAuthority(), url.getPath(), numBytes);
        try (Socket socket = send(url, head, timeout, 0)) {
            BufferedReader lines = lines(socket);
            String status = String.valueOf(lines.readLine());
            int length = 0;
            for (String line = lines.readLine(); line != null && !line.isEmpty(); line = lines.readLine()) {
                if (line.toLowerCase(Locale.ROOT).startsWith(LENGTH)) {
                    length = Integer.parseInt(line.substring(LENGTH.length()).strip());
                }
            }
            char[] body = new char[length]; // of ASCII
            int read = 0;
            for (int n = 0; read < length && n >= 0; n = lines.read(body, read, length - read)) {
                read += n;
            }
            return new Refusal(status, new String(body, 0, read));
        }
    }

    private static Socket ask(URI url, byte[] json, Duration timeout) throws IOException {
        return send(url, RawRequest.post(url.getAuthority(), url.getPath(), json), timeout, 0);
    }

    /** @param receiveBuffer bytes that the system keeps for this client; 0 for as many as it likes */
    private static Socket send(URI url, byte[] request, Duration timeout, int receiveBuffer) throws IOException {
        Socket socket = new Socket();
        try {
            if (receiveBuffer > 0) {
                socket.setReceiveBufferSize(receiveBuffer);
            }
            socket.connect(new InetSocketAddress(url.getHost(), url.getPort()));
            socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
            socket.getOutputStream().write(request);
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
