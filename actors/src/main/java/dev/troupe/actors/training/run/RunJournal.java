package dev.troupe.actors.training.run;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.troupe.actors.training.TrainingSummary;
import dev.troupe.actors.wire.WireMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a run's metrics and summary; belongs on a blocking dispatcher. Whoever writes waits for {@link Recorded}
 * before the next message. A full disk is reported and costs lines, not the run.
 */
public final class RunJournal {
    /** What the journal may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({
        @JsonSubTypes.Type(Append.class),
        @JsonSubTypes.Type(Summarize.class),
        @JsonSubTypes.Type(Decide.class)
    })
    public sealed interface Command extends WireMessage {}

    /** Adds lines to the metrics. */
    public record Append(List<MetricsLine> lines, ActorRef<Recorded> replyTo) implements Command {}

    /** Writes the summary. */
    public record Summarize(TrainingSummary summary, ActorRef<Recorded> replyTo) implements Command {}

    /** Records a decision, without an answer: there are few. */
    public record Decide(Decision decision) implements Command {}

    /** The answer; {@code failure} is null when it is on disk. */
    public record Recorded(@Nullable String failure) implements WireMessage {}

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private RunJournal() {}

    /**
     * A journal of these files; it fails when another process has taken the run's directory.
     *
     * @param directory of the run, which the process has
     */
    public static Behavior<Command> create(MetricsFile metrics, RunDirectory directory) {
        Path summary = directory.summary();
        return Behaviors.receiveMessage(command -> {
            directory.requireOwn();
            switch (command) {
                case Append append -> append.replyTo().tell(attempt(() -> metrics.append(append.lines())));
                case Summarize write ->
                    write.replyTo().tell(attempt(() -> replace(summary, JSON.writeValueAsString(write.summary()))));
                case Decide decide -> directory.decide(decide.decision());
            }
            return Behaviors.same();
        });
    }

    private interface Action {
        void run() throws IOException;
    }

    private static Recorded attempt(Action action) {
        try {
            action.run();
            return new Recorded(null);
        } catch (IOException e) {
            return new Recorded(e.toString());
        }
    }

    private static void replace(Path file, String text) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        Files.writeString(temporary, text + "\n");
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
