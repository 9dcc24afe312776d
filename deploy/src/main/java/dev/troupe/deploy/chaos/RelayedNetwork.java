package dev.troupe.deploy.chaos;

import dev.troupe.model.TroupeException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loopback as a network that can be cut: what nodes say to each other goes through this process. A node listens on, and
 * connects from, an address that no other has, and others know it by the same ports of 127.0.0.1, which are this
 * process's; so both ends of a connection are known. A connection between a node that is cut off and one that is not
 * stands still: bytes wait, and nobody hears that the other side has closed it, as if packets were lost. When the node
 * is connected again, all goes on. Wants a system where all of 127.0.0.0/8 is this machine, such as Linux. Thread-safe.
 */
final class RelayedNetwork implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RelayedNetwork.class);
    private static final String HOST = "127.0.0.1";
    private static final int BACKLOG = 50;
    /** What this process holds of a direction of a connection that stands still. */
    private static final int BUFFER_BYTES = 1 << 16;

    private static final int ADDRESSES_OF_A_BYTE = 250;

    private final Set<String> cutOff = new HashSet<>(); // addresses; guarded by this
    private final Set<Closeable> open = ConcurrentHashMap.newKeySet();
    private boolean closed; // guarded by this

    /** The address of a node's own: another one for each number from 0. */
    static String address(int number) {
        return "127.1." + number / ADDRESSES_OF_A_BYTE + "." + (1 + number % ADDRESSES_OF_A_BYTE);
    }

    /**
     * Connections to this port of 127.0.0.1 go to the same port of {@code to}.
     *
     * @throws TroupeException when the port is taken
     */
    void relay(int port, String to) {
        try {
            ServerSocket door = new ServerSocket(port, BACKLOG, InetAddress.ofLiteral(HOST));
            open.add(door);
            Thread.ofVirtual().name("relay-" + port).start(() -> accept(door, to));
        } catch (IOException e) {
            throw new TroupeException("port " + port + " cannot be relayed: " + e, e);
        }
    }

    /** From now on nothing passes between this address and those that are not cut off. */
    synchronized void cutOff(String address) {
        cutOff.add(address);
    }

    /** What was held back goes on. */
    synchronized void reconnect(String address) {
        cutOff.remove(address);
        notifyAll();
    }

    private void accept(ServerSocket door, String to) {
        while (!door.isClosed()) {
            try {
                Socket client = door.accept();
                Thread.ofVirtual().name("relay-" + door.getLocalPort()).start(() -> serve(client, to));
            } catch (IOException e) {
                if (!door.isClosed()) {
                    LOG.warn("a connection to {} could not be accepted: {}", to, e.toString());
                }
            }
        }
    }

    private void serve(Socket client, String to) {
        String from = client.getInetAddress().getHostAddress();
        open.add(client);
        try (client) {
            awaitPath(from, to);
            try (Socket server = new Socket(InetAddress.ofLiteral(to), client.getLocalPort())) {
                open.add(server);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                Thread back = Thread.ofVirtual().start(() -> forward(server, client, to, from));
                forward(client, server, from, to);
                back.join();
                open.remove(server);
            } catch (IOException e) {
                LOG.debug("no connection from {} to {}", from, to, e); // the node is not there yet, or not any more
                awaitPath(from, to); // a node that was cut off meanwhile does not hear of it either
            }
        } catch (IOException e) {
            LOG.debug("the relay was closed before {} was connected to {}", from, to, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(client);
        }
    }

    /** Passes on what {@code in} says, and its end. */
    private void forward(Socket in, Socket out, String from, String to) {
        byte[] buffer = new byte[BUFFER_BYTES];
        try {
            OutputStream sink = out.getOutputStream();
            int count = read(in, buffer);
            awaitPath(from, to);
            while (count >= 0) {
                sink.write(buffer, 0, count);
                count = read(in, buffer);
                awaitPath(from, to);
            }
            out.shutdownOutput();
        } catch (IOException e) {
            LOG.debug("the connection from {} to {} is broken", from, to, e);
            closeWhenConnected(in, out, from, to);
        }
    }

    /** Ends a connection that is broken, once both nodes can hear of it. */
    private void closeWhenConnected(Socket in, Socket out, String from, String to) {
        try {
            awaitPath(from, to);
        } catch (IOException e) {
            LOG.debug("the relay was closed before {} and {} were connected again", from, to, e);
        }
        close(in);
        close(out);
    }

    /** Negative at the end, and when the connection is broken. */
    private static int read(Socket in, byte[] buffer) {
        try {
            return in.getInputStream().read(buffer);
        } catch (IOException broken) {
            return -1;
        }
    }

    private synchronized void awaitPath(String from, String to) throws IOException {
        try {
            while (!closed && cutOff.contains(from) != cutOff.contains(to)) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
        }
        if (closed) {
            throw new SocketException("closed");
        }
    }

    private static void close(Closeable socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing {} failed", socket, e);
        }
    }

    /** Closes all connections. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        open.forEach(RelayedNetwork::close);
    }
}
