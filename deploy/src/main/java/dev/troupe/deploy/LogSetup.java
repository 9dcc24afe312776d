package dev.troupe.deploy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.EncoderBase;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Logs go to standard error (standard output is for results) and name the run, the request and the actor. The
 * environment's {@value #LEVEL} sets the level, WARN by default; {@value #FORMAT}, "text" or "json", what a line is. In
 * code, as reading XML takes longer than all else before a command's own work. Whoever names a file by
 * {@value #OWN_FILE}, or has a {@code logback.xml} on the class path, gets that one.
 */
public final class LogSetup extends ContextAwareBase implements Configurator {
    private static final String LEVEL = "TROUPE_LOG";
    private static final String FORMAT = "TROUPE_LOG_FORMAT";
    private static final String OWN_FILE = "logback.configurationFile";
    private static final String JSON = "json";
    private static final Set<String> FORMATS = Set.of("", "text", JSON);
    private static final Level DEFAULT = Level.WARN;
    private static final String LINE =
            "%d{HH:mm:ss.SSS} %-5level %logger{24} [run=%X{run:--} request=%X{request:--} actor=%X{akkaSource:--}] %msg%n";

    /** What says much below WARN that is of no use to who sets another level. */
    private static final List<String> TALKATIVE = List.of("slick", "com.zaxxer.hikari");

    private final Map<String, String> environment;

    /** As logback makes it. */
    public LogSetup() {
        this(System.getenv());
    }

    LogSetup(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        if (System.getProperty(OWN_FILE) != null || isOnClassPath("logback-test.xml") || isOnClassPath("logback.xml")) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        String format = environment.getOrDefault(FORMAT, "");
        EncoderBase<ILoggingEvent> encoder = encoder(format);
        encoder.setContext(context);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName("stderr");
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        TALKATIVE.forEach(name -> context.getLogger(name).setLevel(Level.WARN));
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.addAppender(appender);
        setLevel(root, environment.getOrDefault(LEVEL, ""));
        if (!FORMATS.contains(format)) {
            root.warn("{}={} is no format: use text or json", FORMAT, format);
        }
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    private static void setLevel(Logger root, String asked) {
        root.setLevel(Level.toLevel(asked, DEFAULT));
        if (!asked.isEmpty() && !root.getLevel().toString().equalsIgnoreCase(asked)) {
            root.warn("{}={} is no level: use error, warn, info, debug, trace, off or all", LEVEL, asked);
        }
    }

    private static boolean isOnClassPath(String name) {
        return LogSetup.class.getClassLoader().getResource(name) != null;
    }

    private static EncoderBase<ILoggingEvent> encoder(String format) {
        if (format.equals(JSON)) {
            JsonEncoder json = new JsonEncoder();
            json.setWithFormattedMessage(true);
            json.setWithMessage(false);
            json.setWithArguments(false);
            return json;
        }
        PatternLayoutEncoder text = new PatternLayoutEncoder();
        text.setPattern(LINE);
        return text;
    }
}
