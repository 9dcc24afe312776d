package dev.troupe.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** Hears what is logged during a test. */
final class WarningsWatch implements BeforeEachCallback, AfterEachCallback {
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final ListAppender<ILoggingEvent> said = new ListAppender<>();

    @Override
    public void beforeEach(ExtensionContext context) {
        said.start();
        root.addAppender(said);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        root.detachAppender(said);
    }

    /** Nothing went wrong so far. */
    void assertNone() {
        assertNoneWith("");
    }

    /** No warning so far says {@code part}. */
    void assertNoneWith(String part) {
        assertThat(said.list)
                .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .extracting(ILoggingEvent::getFormattedMessage)
                .noneMatch(message -> message.contains(part));
    }
}
