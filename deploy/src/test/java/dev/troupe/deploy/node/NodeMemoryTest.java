package dev.troupe.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.Address;
import akka.actor.AddressFromURIString;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.membership.ClusterRoll;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeMemoryTest {
    private static final String FIRST = "akka://troupe@127.0.0.1:25520";
    private static final Address SELF = AddressFromURIString.parse("akka://troupe@127.0.0.1:25521");

    private static Config seeds(String... nodes) {
        return ConfigFactory.parseString("akka.cluster.seed-nodes = [\"" + String.join("\", \"", nodes) + "\"]");
    }

    /** Removed while it joined: it knows nobody, and a cluster that it began would be a second one. */
    @Test
    void aNodeThatWasNeverInAWholeClusterReturnsOnlyToOneThatItDoesNotBegin() {
        NodeMemory memory = new NodeMemory();
        assertThat(memory.canReturn(seeds(FIRST, SELF.toString()), SELF)).isTrue();
        assertThat(memory.canReturn(seeds(SELF.toString(), FIRST), SELF)).isFalse();
        assertThat(memory.canReturn(ConfigFactory.parseString("akka.cluster.seed-nodes = []"), SELF))
                .isFalse();
        memory.roll(new ClusterRoll(List.of(SELF), List.of(SELF)));
        assertThat(memory.canReturn(seeds(SELF.toString()), SELF)).isTrue();
    }
}
