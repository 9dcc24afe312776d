package dev.troupe.actors.transport;

import dev.troupe.model.parallel.Communicator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** Data planes of this JVM that stand for nodes, and groups over them. */
final class Planes implements AutoCloseable {
    private static final String HOST = "127.0.0.1";
    private static final AtomicInteger GROUPS = new AtomicInteger();

    private final List<DataPlane> planes = new ArrayList<>();

    Planes(int count) {
        for (int i = 0; i < count; i++) {
            planes.add(DataPlane.open("node-" + i, HOST, 0));
        }
    }

    DataPlane get(int i) {
        return planes.get(i);
    }

    /** A name that no group has had. */
    static String newName() {
        return "run-1/epoch-" + GROUPS.incrementAndGet();
    }

    /** A group whose rank r is on plane {@code nodes[r]}. */
    List<Communicator> group(Duration timeout, int... nodes) {
        String name = newName();
        List<Endpoint> members = members(nodes);
        List<CompletableFuture<Communicator>> joining = new ArrayList<>();
        for (int r = 0; r < nodes.length; r++) {
            int rank = r;
            joining.add(Ranks.start(() -> get(nodes[rank]).join(name, rank, members, timeout)));
        }
        List<Communicator> group = new ArrayList<>();
        joining.forEach(future -> group.add(Ranks.get(future)));
        return group;
    }

    List<Endpoint> members(int... nodes) {
        List<Endpoint> members = new ArrayList<>();
        for (int node : nodes) {
            members.add(get(node).endpoint());
        }
        return members;
    }

    @Override
    public void close() {
        planes.forEach(DataPlane::close);
    }
}
