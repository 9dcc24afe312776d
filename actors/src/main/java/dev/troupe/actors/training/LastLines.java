package dev.troupe.actors.training;

import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.troupe.actors.training.TrainingCoordinator.Command;
import dev.troupe.actors.training.TrainingCoordinator.JournalAnswered;
import dev.troupe.actors.training.TrainingCoordinator.Overdue;
import dev.troupe.actors.training.exchange.RunMemory;
import java.time.Duration;

/**
 * The end of an attempt that ends early: its last lines of the metrics, which are the ones that somebody will read, or
 * go on from, and then {@code farewell}.
 */
record LastLines(TimerScheduler<Command> timers, RunReporter reporter, Runnable farewell, RunMemory memory) {
    /** How long the disk may take. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Begins to wait for the disk. */
    Behavior<Command> behavior() {
        timers.startSingleTimer(Overdue.class, new Overdue("the metrics"), PATIENCE);
        reporter.flush();
        return reporter.isWriting() ? writing() : end();
    }

    private Behavior<Command> writing() {
        return Behaviors.receive(Command.class)
                .onMessage(JournalAnswered.class, answered -> {
                    reporter.onRecorded(answered.recorded());
                    return reporter.isWriting() ? Behaviors.same() : end();
                })
                .onMessage(Overdue.class, _ -> end())
                .onAnyMessage(_ -> Behaviors.same())
                .onSignal(ChildFailed.class, _ -> end())
                .onSignal(PostStop.class, _ -> {
                    memory.close();
                    return Behaviors.same();
                })
                .build();
    }

    private Behavior<Command> end() {
        farewell.run();
        return Behaviors.stopped();
    }
}
