package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class HttpTargetTest {
    private static final String ANSWER = String.join(
            "\r\n", "HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "17", "data: {}\n\ndata: [DONE]", "0", "", "");

    /** Servers close what nobody uses for minutes, and the client's oldest connections may be that old. */
    @Test
    void aConnectionThatTheServerClosedIsReplaced() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                HttpTarget target = new HttpTarget(
                        "http://127.0.0.1:" + server.getLocalPort(), "model", new LoadRequest(Map.of()))) {
            Future<Integer> connections = threads.submit(() -> {
                for (int i = 0; i < 3; i++) {
                    try (Socket client = server.accept()) {
                        readRequest(client.getInputStream());
                        client.getOutputStream().write(ANSWER.getBytes(StandardCharsets.UTF_8));
                    }
                }
                return 3;
            });
            List<List<Integer>> prompts = List.of(List.of(1), List.of(2), List.of(3));
            LoadTarget.Outcome outcome = target.answer(prompts, new LoadTarget.Arrivals.Closed(1), 1);
            assertThat(outcome.answers()).hasSize(3);
            assertThat(connections.get(5, TimeUnit.SECONDS)).isEqualTo(3);
        }
    }

    private static void readRequest(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) in.read());
        }
        Matcher length = Pattern.compile("(?i)content-length: *(\\d+)").matcher(head);
        assertThat(length.find()).isTrue();
        in.readNBytes(Integer.parseInt(length.group(1)));
    }

    /** As a JVM whose options make it print: it fills the pipe that nobody reads any more, and would never end. */
    @Test
    void aClientThatSaysSomethingElseIsAnError() {
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            try (HttpTarget target = new HttpTarget(
                    "http://127.0.0.1:1",
                    "model",
                    new LoadRequest(Map.of()),
                    List.of("sh", "-c", "while :; do echo nonsense; done"))) {
                assertThatThrownBy(() -> target.answer(List.of(List.of(1)), new LoadTarget.Arrivals.Closed(1), 1))
                        .isInstanceOf(TroupeException.class)
                        .hasMessageContaining("nonsense");
            }
        });
    }
}
