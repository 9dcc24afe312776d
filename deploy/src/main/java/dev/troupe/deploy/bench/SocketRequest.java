package dev.troupe.deploy.bench;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the bench's own requests from a connection, one after the other. It knows what {@link LoadClient} sends and
 * looks for nothing else: a reader of HTTP and JSON would belong to what is measured beside it.
 */
final class SocketRequest {
    private static final String END_OF_HEAD = "\r\n\r\n";
    private static final String LENGTH = "Content-Length: ";
    private static final String PROMPT = "\"prompt\":[";
    private static final String MAX_TOKENS = "\"max_tokens\":";

    /** A prompt, and where its answer of so many tokens goes. */
    record Asked(List<Integer> prompt, int maxTokens, SocketChannel connection) {}

    private final SocketChannel connection;
    private final ByteBuffer in = ByteBuffer.allocateDirect(1 << 20);

    SocketRequest(SocketChannel connection) {
        this.connection = connection;
    }

    /**
     * Waits for a request.
     *
     * @return null when the client has closed the connection
     * @throws IOException when it fails
     * @throws TroupeException when what came is not a load's request, or is longer than a mebibyte
     */
    @Nullable Asked next() throws IOException {
        in.clear();
        String text = "";
        while (!isWhole(text)) {
            if (!in.hasRemaining()) {
                throw new TroupeException("a request of the load is longer than " + in.capacity() + " bytes");
            }
            if (connection.read(in) < 0) {
                return null;
            }
            text = StandardCharsets.US_ASCII.decode(in.duplicate().flip()).toString();
        }
        return new Asked(numbers(text, PROMPT), numbers(text, MAX_TOKENS).getFirst(), connection);
    }

    private static boolean isWhole(String text) {
        int head = text.indexOf(END_OF_HEAD);
        return head >= 0
                && text.length()
                        >= head + END_OF_HEAD.length() + numbers(text, LENGTH).getFirst();
    }

    /** The numbers right after {@code name}, with commas between. */
    static List<Integer> numbers(String text, String name) {
        int at = text.indexOf(name);
        if (at < 0) {
            throw new TroupeException("a request of the load has no " + name);
        }
        List<Integer> numbers = new ArrayList<>();
        int number = 0;
        for (at += name.length(); at < text.length(); at++) {
            char each = text.charAt(at);
            if (each >= '0' && each <= '9') {
                number = 10 * number + each - '0';
            } else {
                numbers.add(number);
                number = 0;
                if (each != ',' || text.charAt(at + 1) == '"') {
                    break; // the list ends, or the next field begins
                }
            }
        }
        return numbers;
    }
}
