package dev.troupe.deploy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.deploy.cluster.ChildJvm;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(value = OS.LINUX, disabledReason = "wants all of 127.0.0.0/8 on loopback")
class RelayedNetworkTest {
    private static final int QUIET_MILLIS = 200;
    private static final int SOON_MILLIS = 10_000;
    private static final String FIRST = RelayedNetwork.address(0);
    private static final String SECOND = RelayedNetwork.address(1);

    private final RelayedNetwork network = new RelayedNetwork();
    private final int port = ChildJvm.freePort();
    private ServerSocket second = closed(); // where the second node listens

    private static ServerSocket closed() {
        try {
            return new ServerSocket();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @BeforeEach
    void start() throws IOException {
        second = new ServerSocket(port, 5, InetAddress.ofLiteral(SECOND));
        second.setSoTimeout(SOON_MILLIS);
        network.relay(port, SECOND);
    }

    @AfterEach
    void stop() throws IOException {
        network.close();
        second.close();
    }

    /** A connection to the second node as others know it. */
    private Socket connect(String from) throws IOException {
        Socket socket = new Socket();
        socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
        socket.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
        return socket;
    }

    private static void assertHears(Socket socket, int expected) throws IOException {
        socket.setSoTimeout(SOON_MILLIS);
        assertThat(socket.getInputStream().read()).isEqualTo(expected);
    }

    private static void assertHearsNothing(Socket socket) throws IOException {
        socket.setSoTimeout(QUIET_MILLIS);
        assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void whatIsSaidWhileANodeIsCutOffArrivesWhenItIsConnectedAgain() throws IOException {
        try (Socket here = connect(FIRST);
                Socket there = second.accept()) {
            here.getOutputStream().write(1);
            assertHears(there, 1);
            for (String cut : new String[] {FIRST, SECOND}) {
                network.cutOff(cut);
                here.getOutputStream().write(2);
                there.getOutputStream().write(3);
                assertHearsNothing(there);
                assertHearsNothing(here);
                network.reconnect(cut);
                assertHears(there, 2);
                assertHears(here, 3);
            }
        }
    }

    @Test
    void nobodyHearsThatANodeThatIsCutOffCloses() throws IOException {
        try (Socket here = connect(FIRST)) {
            try (Socket there = second.accept()) {
                there.setSoLinger(true, 0); // a reset, as of a process that ends
                network.cutOff(SECOND);
            }
            assertHearsNothing(here);
            network.reconnect(SECOND);
            assertHears(here, -1);
        }
    }

    @Test
    void aNewConnectionWaits() throws IOException {
        network.cutOff(FIRST);
        try (Socket here = connect(FIRST);
                Socket other = connect(RelayedNetwork.address(2))) {
            try (Socket there = second.accept()) { // between two that are not cut off
                other.getOutputStream().write(7);
                assertHears(there, 7);
            }
            here.getOutputStream().write(8);
            assertHearsNothing(here);
            network.reconnect(FIRST);
            try (Socket there = second.accept()) {
                assertHears(there, 8);
            }
        }
    }

    @Test
    void eachNodeHasAnAddressOfItsOwn() {
        assertThat(RelayedNetwork.address(0)).isEqualTo("127.1.0.1");
        assertThat(RelayedNetwork.address(250)).isEqualTo("127.1.1.1");
    }
}
