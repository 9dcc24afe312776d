package dev.troupe.actors.transport;

import dev.troupe.actors.transport.Hello.Purpose;
import dev.troupe.actors.transport.Hello.RefusedException;
import dev.troupe.model.parallel.CommunicationException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The groups that ranks of this node are in, and the connections that have come for them. A group's name is used once:
 * a peer that comes for a group that is over is refused at once. Thread-safe.
 */
final class GroupTable {
    /** Names that are remembered after their groups are over; older ones are refused when their patience ends. */
    private static final int MAX_REMEMBERED = 4096;

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Endpoint here;
    private final Map<String, Seats> groups = new HashMap<>();
    private final Map<String, String> over = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
            return size() > MAX_REMEMBERED;
        }
    };
    private boolean closed;

    /** A connection's place in its group. */
    private record Seat(int from, int to, Purpose purpose) {}

    private static final class Seats {
        final List<Endpoint> members;
        final Map<Integer, RankLinks> ranks = new HashMap<>();
        final Map<Seat, SocketChannel> arrived = new HashMap<>();

        Seats(List<Endpoint> members) {
            this.members = members;
        }
    }

    GroupTable(Endpoint here) {
        this.here = here;
    }

    /** Enters a rank of this node, and links it to those that are there already. */
    synchronized void enter(RankLinks links, List<Endpoint> members) {
        if (closed) {
            throw new CommunicationException("the data plane of " + here + " is closed");
        }
        if (over.containsKey(links.group())) {
            throw new CommunicationException("group " + links.group() + " is over on " + here
                    + ": a group's name is used once, so give each run and epoch one of its own");
        }
        Seats seats = groups.computeIfAbsent(links.group(), name -> new Seats(members));
        if (!seats.members.equals(members)) {
            throw new CommunicationException("two ranks of group " + links.group() + " on " + here
                    + " name different members: " + seats.members + " and " + members);
        }
        if (seats.ranks.putIfAbsent(links.rank(), links) != null) {
            throw new CommunicationException(
                    "rank " + links.rank() + " of group " + links.group() + " has joined already on " + here);
        }
        seats.ranks.forEach((rank, other) -> {
            if (rank != links.rank()) {
                LocalLink.connect(links, other, here.nodeId());
            }
        });
        notifyAll();
    }

    /** A rank is done; with the last one of this node the group is over. */
    synchronized void leave(RankLinks links) {
        Seats seats = groups.get(links.group());
        if (seats != null && seats.ranks.remove(links.rank(), links)) {
            seats.arrived.entrySet().removeIf(arrival -> {
                boolean mine = arrival.getKey().to() == links.rank();
                if (mine) {
                    Sockets.close(arrival.getValue());
                }
                return mine;
            });
            if (seats.ranks.isEmpty()) {
                groups.remove(links.group());
                over.put(links.group(), links.group());
            }
        }
        notifyAll();
    }

    /** Waits until another rank of this node has entered; false when time is up. */
    synchronized boolean awaitRank(RankLinks links, int rank, long deadlineNanos) {
        return await(links, () -> seats(links).ranks.containsKey(rank) ? Boolean.TRUE : null, deadlineNanos) != null;
    }

    /** Waits for a connection from another node's rank; null when time is up. */
    synchronized @Nullable SocketChannel awaitConnection(
            RankLinks links, int from, Purpose purpose, long deadlineNanos) {
        Seat seat = new Seat(from, links.rank(), purpose);
        return await(links, () -> seats(links).arrived.remove(seat), deadlineNanos);
    }

    private Seats seats(RankLinks links) {
        Seats seats = groups.get(links.group());
        if (seats == null) {
            throw new CommunicationException("group " + links.group() + " was closed on " + here + " while joining");
        }
        return seats;
    }

    private <T> @Nullable T await(RankLinks links, Supplier<@Nullable T> look, long deadlineNanos) {
        T found = look.get();
        while (found == null && waitUntil(deadlineNanos)) {
            links.checkFailure();
            found = look.get();
        }
        return found;
    }

    /** Waits for a change; false when time is up. */
    @SuppressWarnings("WaitNotInLoop") // the callers loop
    private boolean waitUntil(long deadlineNanos) {
        long millis = Math.ceilDiv(deadlineNanos - System.nanoTime(), NANOS_PER_MILLI);
        if (millis <= 0) {
            return false;
        }
        try {
            wait(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommunicationException("interrupted while a group was joined", e);
        }
        return true;
    }

    /** Wakes all who wait here: something they look at has changed. */
    synchronized void changed() {
        notifyAll();
    }

    /**
     * Waits until the rank that a connection wants has joined.
     *
     * @throws RefusedException when it will not, or not so
     */
    synchronized void expect(Hello hello, long deadlineNanos) throws RefusedException {
        while (true) {
            if (closed) {
                throw new RefusedException("the data plane of " + here + " is closed");
            }
            if (over.containsKey(hello.group())) {
                throw new RefusedException("group " + hello.group() + " is over on " + here);
            }
            Seats seats = groups.get(hello.group());
            if (seats != null && seats.ranks.containsKey(hello.to())) {
                check(hello, seats);
                return;
            }
            if (!waitUntil(deadlineNanos)) {
                throw new RefusedException(
                        "rank " + hello.to() + " of group " + hello.group() + " has not joined on " + here);
            }
        }
    }

    private void check(Hello hello, Seats seats) throws RefusedException {
        int from = hello.from();
        if (hello.size() != seats.members.size() || from <= hello.to() || from >= hello.size()) {
            throw new RefusedException("rank " + from + " of " + hello.size() + " does not fit into group "
                    + hello.group() + " of " + seats.members.size() + " ranks on " + here);
        }
        Endpoint member = seats.members.get(from);
        if (!member.nodeId().equals(hello.node())) {
            throw new RefusedException(
                    "rank " + from + " of group " + hello.group() + " is on " + member + ", not on " + hello.node());
        }
    }

    /** Hands over a connection that was welcomed. */
    synchronized void arrive(Hello hello, SocketChannel channel) throws RefusedException {
        Seats seats = groups.get(hello.group());
        Seat seat = new Seat(hello.from(), hello.to(), hello.purpose());
        if (seats == null || !seats.ranks.containsKey(hello.to()) || seats.arrived.putIfAbsent(seat, channel) != null) {
            throw new RefusedException("group " + hello.group() + " has ended, or has this connection already");
        }
        notifyAll();
    }

    /** Takes no more ranks and connections; the ranks that are here are to be closed. */
    List<RankLinks> close() {
        synchronized (this) {
            closed = true;
            notifyAll();
            List<RankLinks> ranks = new ArrayList<>();
            groups.values().forEach(seats -> ranks.addAll(seats.ranks.values()));
            return ranks;
        }
    }
}
