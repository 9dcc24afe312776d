package dev.troupe.actors.transport;

import dev.troupe.actors.transport.Hello.Purpose;
import dev.troupe.model.parallel.CommunicationException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a rank gets its links: those to ranks of its own node by reference, to others two connections each, for tensors
 * and for control, which the greater rank opens.
 */
final class Joining {
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long RETRY_MILLIS = 20;

    private final GroupTable groups;
    private final @Nullable InetSocketAddress from;
    private final String group;
    private final int rank;
    private final List<Endpoint> members;
    private final Duration timeout;
    private final long deadlineNanos;
    private final List<SocketChannel> opened = new ArrayList<>();

    /**
     * A rank that joins.
     *
     * @param from where connections to others begin; null for any address of this machine
     */
    Joining(
            GroupTable groups,
            @Nullable InetSocketAddress from,
            String group,
            int rank,
            List<Endpoint> members,
            Duration timeout) {
        this.groups = groups;
        this.from = from;
        this.group = group;
        this.rank = rank;
        this.members = members;
        this.timeout = timeout;
        deadlineNanos = System.nanoTime() + timeout.toNanos();
    }

    RankLinks join() {
        boolean allHere = members.stream().allMatch(members.get(rank)::equals);
        @Nullable SelectorSignal sockets = allHere ? null : new SelectorSignal();
        Peer self = new Peer(rank, members.get(rank).nodeId());
        RankLinks links =
                new RankLinks(group, self, members.size(), timeout, sockets == null ? new ParkSignal() : sockets);
        links.whenFailed(groups::changed);
        links.whenReleased(() -> groups.leave(links));
        try {
            groups.enter(links, members);
            for (int other = 0; other < members.size(); other++) {
                if (sockets != null && !isHere(other)) {
                    connect(links, other, sockets);
                }
            }
            for (int other = 0; other < members.size(); other++) {
                if (isHere(other) && !groups.awaitRank(links, other, deadlineNanos)) {
                    throw new CommunicationException(late(other));
                }
            }
            links.checkFailure();
            return links;
        } catch (RuntimeException e) {
            CommunicationException failed = links.fail(self + " could not join: " + e.getMessage(), e);
            links.close();
            opened.forEach(Sockets::close);
            throw e instanceof CommunicationException ? e : failed;
        }
    }

    private boolean isHere(int other) {
        return members.get(other).equals(members.get(rank));
    }

    private void connect(RankLinks links, int other, SelectorSignal sockets) {
        Peer peer = new Peer(other, members.get(other).nodeId());
        try {
            SocketChannel tensors = connection(links, other, Purpose.TENSORS);
            SocketChannel control = connection(links, other, Purpose.CONTROL);
            SocketLink link = new SocketLink(links, peer, tensors, sockets);
            ControlConnection connection = new ControlConnection(links, link, control);
            links.connect(link, connection);
            connection.start();
        } catch (SocketTimeoutException e) {
            throw new CommunicationException(late(other), e);
        } catch (IOException e) {
            throw new CommunicationException(
                    "group " + group + ": " + peer + " could not be joined: " + e.getMessage(), e);
        }
    }

    private String late(int other) {
        return "rank " + other + " (" + members.get(other) + ") did not join group " + group + " within "
                + timeout.toMillis() + " ms";
    }

    private SocketChannel connection(RankLinks links, int other, Purpose purpose) throws IOException {
        SocketChannel channel = other < rank
                ? open(links, other, purpose)
                : groups.awaitConnection(links, other, purpose, deadlineNanos);
        if (channel == null) {
            throw new SocketTimeoutException("no connection came");
        }
        opened.add(channel);
        return channel;
    }

    private SocketChannel open(RankLinks links, int other, Purpose purpose) throws IOException {
        SocketChannel channel = dial(links, members.get(other));
        try {
            int patience = (int) Math.min(millisLeft(), Integer.MAX_VALUE);
            new Hello(
                            purpose,
                            rank,
                            other,
                            members.size(),
                            patience,
                            group,
                            members.get(rank).nodeId())
                    .write(channel);
            Hello.awaitWelcome(channel, deadlineNanos);
            return channel;
        } catch (IOException | RuntimeException e) {
            Sockets.close(channel);
            throw e;
        }
    }

    /** Connects, again and again while nobody listens there: nodes start in any order. */
    private SocketChannel dial(RankLinks links, Endpoint to) throws IOException {
        while (true) {
            links.checkFailure();
            SocketChannel channel = SocketChannel.open();
            try {
                Sockets.configure(channel);
                InetSocketAddress address = new InetSocketAddress(to.host(), to.port());
                if (address.isUnresolved()) {
                    throw new UnknownHostException(to.host());
                }
                if (from != null) {
                    channel.bind(from);
                }
                channel.socket().connect(address, Math.clamp(millisLeft(), 1, Integer.MAX_VALUE));
                return channel;
            } catch (IOException e) {
                Sockets.close(channel);
                if (millisLeft() <= RETRY_MILLIS) {
                    throw e;
                }
                pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(RETRY_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommunicationException("interrupted while a group was joined", e);
        }
    }

    private long millisLeft() {
        return (deadlineNanos - System.nanoTime()) / NANOS_PER_MILLI;
    }
}
