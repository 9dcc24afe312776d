package dev.troupe.actors.training.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.run.RunSpec;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Wants a run to be trained until it hears of its end. It asks again and again, so that whoever leads the run after
 * another was lost knows who listens; and if the run was lost before any node knew of it, it begins again.
 */
public final class RunWatcher {
    /** What a watcher may be told. */
    public sealed interface Command {}

    /** Ends the run with a checkpoint. */
    public record Stop() implements Command {}

    private record Ask() implements Command {}

    private record Heard(TrainingEvent event) implements Command {}

    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private RunWatcher() {}

    /**
     * A watcher, which stops itself at the end of the run.
     *
     * @param training leads the cluster's run, wherever it is
     * @param listener is called on the actor's thread and must not block
     */
    public static Behavior<Command> create(
            ActorRef<ClusterTraining.Command> training, RunSpec run, Consumer<TrainingEvent> listener) {
        return Behaviors.setup(context -> Behaviors.withTimers((TimerScheduler<Command> timers) -> {
            ActorRef<TrainingEvent> events = context.messageAdapter(TrainingEvent.class, Heard::new);
            timers.startTimerWithFixedDelay(new Ask(), Duration.ZERO, INTERVAL);
            return watching(training, run, events, listener, false);
        }));
    }

    private static Behavior<Command> watching(
            ActorRef<ClusterTraining.Command> training,
            RunSpec run,
            ActorRef<TrainingEvent> events,
            Consumer<TrainingEvent> listener,
            boolean stopping) {
        return Behaviors.receiveMessage(command -> switch (command) {
            case Ask _ -> {
                training.tell(new ClusterTraining.Submit(run, events));
                if (stopping) {
                    training.tell(new ClusterTraining.Stop(run.directory()));
                }
                yield Behaviors.same();
            }
            case Stop _ -> {
                training.tell(new ClusterTraining.Stop(run.directory()));
                yield watching(training, run, events, listener, true);
            }
            case Heard(TrainingEvent event) -> {
                listener.accept(event);
                yield event instanceof TrainingEvent.Completed || event instanceof TrainingEvent.Failed
                        ? Behaviors.stopped()
                        : Behaviors.same();
            }
        });
    }
}
