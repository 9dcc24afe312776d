package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator.ExecutionStatus;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.slf4j.helpers.BasicMDCAdapter;

class LogSetupTest {
    /** What goes to standard error while {@code use} has a context that was set up in this environment. */
    private static String said(Map<String, String> environment, Consumer<LoggerContext> use) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        LoggerContext context = new LoggerContext();
        context.setMDCAdapter(new BasicMDCAdapter());
        try {
            LogSetup setup = new LogSetup(environment);
            setup.setContext(context);
            assertThat(setup.configure(context)).isEqualTo(ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY);
            use.accept(context);
        } finally {
            context.stop();
            System.setErr(before);
        }
        return said.toString(StandardCharsets.UTF_8);
    }

    @Test
    void saysWarningsWhereNothingIsSet() {
        String said = said(Map.of(), context -> {
            Logger log = context.getLogger("dev.troupe.test");
            log.info("silent");
            context.getMDCAdapter().put("run", "seventh");
            log.warn("loud");
        });
        assertThat(said)
                .matches(
                        "\\d\\d:\\d\\d:\\d\\d\\.\\d{3} WARN  dev.troupe.test \\[run=seventh request=- actor=-] loud\\R");
    }

    @Test
    void levelsAreOfTheEnvironmentButForWhatSaysMuch() {
        String said = said(Map.of("TROUPE_LOG", "debug"), context -> {
            context.getLogger("dev.troupe.test").debug("detail");
            context.getLogger("slick.jdbc").debug("silent");
        });
        assertThat(said).contains("detail").doesNotContain("silent");
    }

    @Test
    void aLineIsAJsonObjectWhereThatIsAsked() throws IOException {
        String said = said(
                Map.of("TROUPE_LOG_FORMAT", "json"),
                context -> context.getLogger("dev.troupe.test").warn("loud {}", 3));
        JsonNode line = new ObjectMapper().readTree(said);
        assertThat(line.path("level").asText()).isEqualTo("WARN");
        assertThat(line.path("formattedMessage").asText()).isEqualTo("loud 3");
    }

    @Test
    void namesWhatItDoesNotKnow() {
        String said = said(
                Map.of("TROUPE_LOG", "loud", "TROUPE_LOG_FORMAT", "xml"),
                context -> assertThat(context.getLogger(Logger.ROOT_LOGGER_NAME).getLevel())
                        .isEqualTo(Level.WARN));
        assertThat(said).contains("TROUPE_LOG=loud is no level").contains("TROUPE_LOG_FORMAT=xml is no format");
    }
}
