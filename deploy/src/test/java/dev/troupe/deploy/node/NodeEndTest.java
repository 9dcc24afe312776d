package dev.troupe.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A node that ends as soon as it has begun says nothing of trouble. */
class NodeEndTest {
    /** Before its cluster's actors have begun, while it joins, and when it is a member. */
    private static final List<Integer> MILLIS = List.of(0, 50, 300);

    @RegisterExtension
    final WarningsWatch warnings = new WarningsWatch();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @Test
    void nothingFailsWhereTheEndComesSoon() throws InterruptedException {
        for (int millis : MILLIS) {
            try (TroupeNode node = TroupeNode.start(ConfigFactory.parseMap(
                    Map.of("troupe.node.roles", List.of("router"), "troupe.node.directory", dir.toString())))) {
                assertThat(node.config().getStringList("troupe.node.roles")).containsExactly("router");
                Thread.sleep(millis);
            }
        }
        warnings.assertNone();
    }
}
