package dev.troupe.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeConfigTest {
    /** What stays the same when the node is started again. */
    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                "rack-3-host-7, 10.0.0.4, 25520, rack-3-host-7",
                "'', 10.0.0.4, 25520, 10.0.0.4:25520",
                "'', 10.0.0.4, 0, none",
            })
    void aNodeIsKnownAgain(String configured, String host, int port, String identity) {
        NodeConfig config = NodeConfig.from(
                ConfigFactory.parseString("""
                troupe.node { identity = "%s", directory = "runs/x" }
                akka.remote.artery.canonical { hostname = "%s", port = %d }
                """.formatted(configured, host, port)).withFallback(ConfigFactory.load()));
        String ofDirectory = "10.0.0.4:" + Path.of("runs/x").toAbsolutePath();
        assertThat(config.identity()).isEqualTo(identity == null ? ofDirectory : identity);
        assertThat(config.traits().identity()).isEqualTo(config.identity());
    }
}
