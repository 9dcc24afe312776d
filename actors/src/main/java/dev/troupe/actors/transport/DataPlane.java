package dev.troupe.actors.transport;

import dev.troupe.actors.collective.RingCommunicator;
import dev.troupe.model.TroupeException;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.SoloCommunicator;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's door for tensors: a listening socket, and the groups that its ranks have joined. One for each node; any
 * number of groups and ranks. Thread-safe.
 *
 * <p>Tensors are neither encrypted nor is a peer's name proved: listen on a network that only the cluster's nodes are
 * in.
 */
public final class DataPlane implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DataPlane.class);

    /** What the kernel may hold of a direction of a connection; it takes less where its own limit is less. */
    public static final int SOCKET_BUFFER_BYTES = 4 << 20;

    /** Connections whose handshake has not ended; more are refused. */
    private static final int MAX_HANDSHAKES = 1024;
    /** How long a connection may take to say what it wants. */
    private static final Duration HELLO_TIMEOUT = Duration.ofSeconds(10);
    /** How long a connection may wait for a rank to join, whatever it asks for. */
    private static final Duration MAX_PATIENCE = Duration.ofMinutes(10);

    private final ServerSocketChannel listener;
    private final Endpoint endpoint;
    private final @Nullable InetSocketAddress from;
    private final GroupTable groups;
    private final Set<SocketChannel> handshakes = ConcurrentHashMap.newKeySet();
    private final Semaphore free = new Semaphore(MAX_HANDSHAKES);
    private final Thread acceptor;
    private volatile boolean closed;

    private DataPlane(ServerSocketChannel listener, Endpoint endpoint, @Nullable InetSocketAddress from) {
        this.listener = listener;
        this.endpoint = endpoint;
        this.from = from;
        groups = new GroupTable(endpoint);
        acceptor = Thread.ofPlatform()
                .daemon()
                .name("data-plane-" + endpoint.port())
                .unstarted(this::accept);
    }

    /**
     * Opens a node's data plane.
     *
     * @param nodeId the node's name in messages; no two nodes have the same
     * @param host name or address to listen on, by which other nodes reach it
     * @param port TCP port, 0 for any that is free
     */
    public static DataPlane open(String nodeId, String host, int port) {
        return open(nodeId, host, port, "");
    }

    /**
     * The same for a node that others reach by another address than its own.
     *
     * @param host name or address by which other nodes reach it
     * @param bindHost name or address of this machine to listen on and to connect from; empty for {@code host}, and to
     *     connect from any
     */
    public static DataPlane open(String nodeId, String host, int port, String bindHost) {
        Hello.checkText("a node's name", nodeId);
        String own = bindHost.isEmpty() ? host : bindHost;
        try {
            ServerSocketChannel listener = ServerSocketChannel.open();
            try {
                listener.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER_BYTES); // inherited: sets the window
                listener.bind(new InetSocketAddress(own, port));
                int bound = ((InetSocketAddress) listener.getLocalAddress()).getPort();
                DataPlane plane = new DataPlane(
                        listener,
                        new Endpoint(host, bound, nodeId),
                        bindHost.isEmpty() ? null : new InetSocketAddress(bindHost, 0));
                plane.acceptor.start();
                return plane;
            } catch (IOException | RuntimeException e) {
                Sockets.close(listener);
                throw e;
            }
        } catch (IOException | UnresolvedAddressException e) {
            throw new TroupeException(
                    "the data plane of " + nodeId + " cannot listen on " + own + ":" + port + ": " + e
                            + "; choose another address or port",
                    e);
        }
    }

    /** Where other nodes reach it. */
    public Endpoint endpoint() {
        return endpoint;
    }

    /**
     * Joins a group; returns when all links of this rank are there. Every rank of the group calls this, on the node
     * that {@code members} name; several ranks may be on one node.
     *
     * @param group names run and epoch, so that a peer of an earlier epoch is refused; used once
     * @param rank this rank, whose member must be this data plane
     * @param members [ranks] the same list on all ranks
     * @param timeout how long to wait for the other ranks to join, and in operations for any progress
     * @throws dev.troupe.model.parallel.CommunicationException when a rank does not join in time or refuses
     */
    public Communicator join(String group, int rank, List<Endpoint> members, Duration timeout) {
        Hello.checkText("a group's name", group);
        if (rank < 0 || rank >= members.size() || !members.get(rank).equals(endpoint)) {
            throw new IllegalArgumentException(
                    "rank " + rank + " of " + members + " is not on the data plane of " + endpoint);
        }
        if (members.size() == 1) {
            return new SoloCommunicator();
        }
        return new RingCommunicator(new Joining(groups, from, group, rank, List.copyOf(members), timeout).join());
    }

    private void accept() {
        while (!closed) {
            try {
                SocketChannel channel = listener.accept();
                if (free.tryAcquire()) {
                    handshakes.add(channel);
                    Thread.ofVirtual().name("data-plane-handshake").start(() -> receive(channel));
                } else {
                    LOG.warn("{} connections are waiting already: refused another", MAX_HANDSHAKES);
                    Sockets.close(channel);
                }
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                LOG.warn("the data plane of {} could not accept a connection: {}", endpoint, e.toString());
                pause();
            }
        }
    }

    /** Out of file descriptors, most likely: others may be closed meanwhile. */
    private static void pause() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void receive(SocketChannel channel) {
        try {
            handshake(channel);
        } catch (Hello.RefusedException e) {
            LOG.warn("refused a connection from {}: {}", channel.socket().getRemoteSocketAddress(), e.getMessage());
            refuse(channel, String.valueOf(e.getMessage()));
            Sockets.close(channel);
        } catch (IOException e) {
            if (!closed) {
                LOG.warn(
                        "a connection from {} ended in its handshake: {}",
                        channel.socket().getRemoteSocketAddress(),
                        e.toString());
            }
            Sockets.close(channel);
        } finally {
            handshakes.remove(channel);
            free.release();
        }
    }

    private void handshake(SocketChannel channel) throws IOException {
        Sockets.configure(channel);
        long start = System.nanoTime();
        Hello hello = Hello.read(channel, start + HELLO_TIMEOUT.toNanos());
        long patience = Math.min(Duration.ofMillis(hello.patienceMillis()).toNanos(), MAX_PATIENCE.toNanos());
        groups.expect(hello, start + patience);
        checkAlive(channel);
        Hello.welcome(channel);
        groups.arrive(hello, channel);
    }

    /** Who asked may have given up meanwhile, and may even have asked again. */
    private static void checkAlive(SocketChannel channel) throws IOException {
        channel.configureBlocking(false);
        int read = channel.read(ByteBuffer.allocate(1));
        channel.configureBlocking(true);
        if (read != 0) {
            throw new IOException("it was closed while it waited");
        }
    }

    private static void refuse(SocketChannel channel, String why) {
        try {
            Hello.refuse(channel, why);
            Sockets.drain(channel);
        } catch (IOException e) {
            LOG.debug("a refusal could not be sent", e);
        }
    }

    /** Stops listening and closes all groups. */
    @Override
    public void close() {
        closed = true;
        Sockets.close(listener);
        groups.close().forEach(RankLinks::close);
        handshakes.forEach(Sockets::close);
        try {
            acceptor.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
