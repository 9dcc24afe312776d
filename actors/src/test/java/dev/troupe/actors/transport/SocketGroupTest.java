package dev.troupe.actors.transport;

import dev.troupe.model.parallel.Communicator;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;

/** Ranks each on a data plane of its own: every link is a socket. */
class SocketGroupTest extends CommunicatorContract {
    private static final Planes PLANES = new Planes(5);

    @AfterAll
    static void close() {
        PLANES.close();
    }

    @Override
    List<Communicator> group(int size) {
        return PLANES.group(Duration.ofSeconds(30), IntStream.range(0, size).toArray());
    }
}
