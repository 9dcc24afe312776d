package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.troupe.deploy.bench.SocketRequest.Asked;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SocketRequestTest {
    /** What a connection says of {@code sent}, written in pieces of so many bytes and then closed. */
    private static List<@Nullable Asked> read(byte[] sent, int piece) {
        return assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            List<@Nullable Asked> read = new ArrayList<>();
            try (ServerSocketChannel listening = ServerSocketChannel.open()
                            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                    SocketChannel client = SocketChannel.open(listening.getLocalAddress());
                    SocketChannel connection = listening.accept()) {
                Thread writer = Thread.ofPlatform().start(() -> write(client, sent, piece));
                SocketRequest requests = new SocketRequest(connection);
                for (Asked next = requests.next(); next != null; next = requests.next()) {
                    read.add(next);
                }
                writer.join();
            }
            return read;
        });
    }

    private static void write(SocketChannel client, byte[] sent, int piece) {
        try (client) {
            for (int at = 0; at < sent.length; at += piece) {
                client.write(ByteBuffer.wrap(sent, at, Math.min(piece, sent.length - at)));
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] post(String json) {
        return RawRequest.post("localhost:1", "/v1/completions", json.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void requestsAreReadOneAfterTheOtherHoweverTheyArrive() {
        byte[] request = post("{\"max_tokens\":64,\"logit_bias\":{\"7\":100.0},\"prompt\":[1,20,300],\"stream\":true}");
        for (int piece : new int[] {request.length, 7, 1}) {
            assertThat(read(request, piece)).singleElement().satisfies(asked -> {
                assertThat(asked.prompt()).containsExactly(1, 20, 300);
                assertThat(asked.maxTokens()).isEqualTo(64);
            });
        }
    }

    @Test
    void whatIsNoRequestOfALoadIsAnError() {
        assertThatThrownBy(() -> read(post("{\"prompt\":[1]}"), 1000))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("max_tokens");
    }
}
