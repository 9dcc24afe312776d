package dev.troupe.actors.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.parallel.CommunicationException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A node that others reach by another address than the one that its data plane has. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "wants all of 127.0.0.0/8 on loopback")
class BoundPlaneTest {
    private static final String KNOWN = "127.0.0.1";
    private static final String OWN = "127.1.0.1";

    @Test
    void itListensOnAndConnectsFromItsOwn() throws IOException {
        try (ServerSocket door = new ServerSocket(0, 1, InetAddress.ofLiteral(KNOWN));
                DataPlane plane = DataPlane.open("bound", KNOWN, 0, OWN)) {
            Endpoint endpoint = plane.endpoint();
            assertThat(endpoint.host()).isEqualTo(KNOWN);
            new Socket(InetAddress.ofLiteral(OWN), endpoint.port()).close();
            assertThatThrownBy(() -> new Socket(InetAddress.ofLiteral(KNOWN), endpoint.port()).close())
                    .isInstanceOf(IOException.class);

            List<Endpoint> members = List.of(new Endpoint(KNOWN, door.getLocalPort(), "other"), endpoint);
            CompletableFuture<?> joining =
                    Ranks.start(() -> plane.join(Planes.newName(), 1, members, Duration.ofSeconds(20)));
            try (Socket came = door.accept()) {
                assertThat(came.getInetAddress().getHostAddress()).isEqualTo(OWN);
            }
            assertThat(joining)
                    .failsWithin(Duration.ofSeconds(20))
                    .withThrowableThat()
                    .withCauseInstanceOf(CommunicationException.class);
        }
    }
}
