package dev.troupe.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** A node that ends as soon as it has begun says nothing of trouble. */
class NodeEndTest {
    /** Before its cluster's actors have begun, while it joins, and when it is a member. */
    private static final List<Integer> MILLIS = List.of(0, 50, 300);

    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final ListAppender<ILoggingEvent> said = new ListAppender<>();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @BeforeEach
    void listen() {
        said.start();
        root.addAppender(said);
    }

    @AfterEach
    void leave() {
        root.detachAppender(said);
    }

    @Test
    void nothingFailsWhereTheEndComesSoon() throws InterruptedException {
        for (int millis : MILLIS) {
            try (TroupeNode node = TroupeNode.start(ConfigFactory.parseMap(
                    Map.of("troupe.node.roles", List.of("router"), "troupe.node.directory", dir.toString())))) {
                assertThat(node.config().getStringList("troupe.node.roles")).containsExactly("router");
                Thread.sleep(millis);
            }
        }
        assertThat(said.list)
                .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .extracting(ILoggingEvent::getFormattedMessage)
                .isEmpty();
    }
}
