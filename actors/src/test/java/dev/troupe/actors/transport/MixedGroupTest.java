package dev.troupe.actors.transport;

import dev.troupe.model.parallel.Communicator;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;

/** Several ranks on a data plane: some links are by reference, others are sockets. */
class MixedGroupTest extends CommunicatorContract {
    private static final Planes PLANES = new Planes(3);
    private static final int[] NODE_BY_RANK = {1, 1, 0, 2, 0};

    @AfterAll
    static void close() {
        PLANES.close();
    }

    @Override
    List<Communicator> group(int size) {
        return PLANES.group(Duration.ofSeconds(30), Arrays.copyOf(NODE_BY_RANK, size));
    }
}
