package dev.troupe.deploy.run;

import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.TrainingSummary;
import dev.troupe.deploy.node.TroupeNode;
import dev.troupe.deploy.progress.ProgressDisplay;
import dev.troupe.deploy.progress.TrainingProgress;
import dev.troupe.model.TroupeException;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the training actors to their end and shows what they tell. */
public final class TrainingSession {
    /** Events between the actors and the display; a display that lags misses progress, never anything else. */
    private static final int EVENT_CAPACITY = 4096;

    private static final Logger LOG = LoggerFactory.getLogger(TrainingSession.class);

    private final BlockingQueue<TrainingEvent> events = new ArrayBlockingQueue<>(EVENT_CAPACITY);
    private final ProgressDisplay display;

    private boolean isLed;
    private volatile boolean stopping;
    private OptionalDouble shadow = OptionalDouble.empty();

    private TrainingSession(ProgressDisplay display) {
        this.display = display;
    }

    /** Begins the run; {@code listener} hears of it. */
    @FunctionalInterface
    public interface Beginning {
        /** The run that was begun. */
        TroupeNode.RunningTraining with(Consumer<TrainingEvent> listener);
    }

    /**
     * Trains. An interruption (Ctrl-C, SIGTERM) lets the run write a checkpoint before the process ends.
     *
     * @throws TroupeException when the run fails
     * @throws dev.troupe.deploy.node.NodeRemovedException when the cluster has removed the node; the others may go on
     */
    public static TrainingSummary run(TroupeNode node, Beginning beginning, ProgressDisplay display) {
        return new TrainingSession(display).run(node, beginning);
    }

    private TrainingSummary run(TroupeNode node, Beginning beginning) {
        CountDownLatch ended = new CountDownLatch(1);
        TroupeNode.RunningTraining training = beginning.with(this::offer);
        Thread hook = new Thread(
                () -> {
                    stopping = true;
                    display.note("stopping: the current step ends and a checkpoint is written");
                    training.stop();
                    awaitUninterruptibly(ended);
                },
                "training-interrupted");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            return showUntilTheEnd(node);
        } finally {
            ended.countDown();
            removeHook(hook);
        }
    }

    private void offer(TrainingEvent event) {
        if (!events.offer(event) && !(event instanceof TrainingEvent.Progress)) {
            LOG.warn("the display lags behind and misses {}", event);
        }
    }

    private TrainingSummary showUntilTheEnd(TroupeNode node) {
        while (true) {
            switch (take(node)) {
                case TrainingEvent.Started started -> show(started);
                case TrainingEvent.StepsFixed fixed ->
                    display.note(String.format(
                            Locale.ROOT,
                            "%,d steps fit into the time (%.0f ms a step)",
                            fixed.totalSteps(),
                            fixed.secondsPerStep() * 1e3));
                case TrainingEvent.Progress progress -> display.training(toProgress(progress));
                case TrainingEvent.RolledBack back -> display.note(rolledBack(back));
                case TrainingEvent.Reshaped reshaped ->
                    display.note("the mesh is " + reshaped.mesh() + " from step " + reshaped.step() + " on: "
                            + reshaped.cause());
                case TrainingEvent.Restarted restarted -> display.note(restarted(restarted));
                case TrainingEvent.Seated seated -> {
                    display.note(MeshNotes.seated(seated));
                    seated.nodes().forEach(seat -> display.note("  " + MeshNotes.node(seat)));
                }
                case TrainingEvent.Recovered recovered -> {
                    display.note(MeshNotes.recovered(recovered));
                    recovered.nodes().forEach(seat -> display.note("  " + MeshNotes.node(seat)));
                }
                case TrainingEvent.Evaluated evaluated -> {
                    LOG.info("step {}: validation loss {}", evaluated.step(), evaluated.valLoss());
                    if (evaluated.node() != null) {
                        display.note(EvaluationNotes.evaluated(evaluated, shadow));
                    }
                }
                case TrainingEvent.EvaluationFailed failed ->
                    display.note("step " + failed.step() + " is not evaluated: " + failed.message());
                case TrainingEvent.TasksUnmeasured unmeasured -> display.note("warning: " + unmeasured.message());
                case TrainingEvent.EvaluatorsChanged changed ->
                    display.note(EvaluationNotes.evaluators(changed.nodes()));
                case TrainingEvent.ShadowEvaluated evaluated -> {
                    shadow = OptionalDouble.of(evaluated.valLoss());
                    display.note(EvaluationNotes.shadow(evaluated));
                }
                case TrainingEvent.CheckpointWritten written ->
                    LOG.info("step {}: checkpoint {} ({} s)", written.step(), written.path(), written.seconds());
                case TrainingEvent.CheckpointFailed failed ->
                    display.note("the checkpoint of step " + failed.step() + " was not written: " + failed.message());
                case TrainingEvent.NodeExcluded excluded ->
                    display.note("node " + excluded.node() + " has failed " + excluded.failures()
                            + " times: it gets no ranks any more");
                case TrainingEvent.Completed completed -> {
                    display.trainingDone();
                    return completed.summary();
                }
                case TrainingEvent.Failed failed -> {
                    display.trainingDone();
                    throw new TroupeException(failed.message());
                }
            }
        }
    }

    private void show(TrainingEvent.Started started) {
        if (isLed) {
            display.note("another node leads the run from step " + started.fromStep() + " on");
            return;
        }
        isLed = true;
        display.note(String.format(
                Locale.ROOT, "%,d parameters, %,d tokens a step", started.parameters(), started.tokensPerStep()));
        if (started.resumedFrom() != null) {
            display.note("resumed from " + started.resumedFrom() + " after " + started.fromStep() + " steps");
        }
    }

    private static String rolledBack(TrainingEvent.RolledBack back) {
        return String.format(
                Locale.ROOT,
                "%s: back to %s after step %d, learning rates times %.3g from here on",
                back.reason(),
                orBeginning(back.checkpoint()),
                back.step(),
                back.learningRateFactor());
    }

    private static String restarted(TrainingEvent.Restarted restarted) {
        return restarted.cause() + ": back to " + orBeginning(restarted.checkpoint()) + ", from step "
                + restarted.fromStep() + " to step " + restarted.step();
    }

    private static String orBeginning(@Nullable String checkpoint) {
        return checkpoint == null ? "the beginning" : checkpoint;
    }

    private TrainingProgress toProgress(TrainingEvent.Progress progress) {
        Double validation = progress.valLoss();
        return new TrainingProgress(
                progress.step(),
                progress.totalSteps(),
                progress.loss(),
                validation == null ? OptionalDouble.empty() : OptionalDouble.of(validation),
                shadow,
                progress.tokensPerSecond(),
                progress.etaSeconds());
    }

    private TrainingEvent take(TroupeNode node) {
        try {
            while (true) {
                TrainingEvent event = events.poll(1, TimeUnit.SECONDS);
                if (event != null) {
                    return event;
                }
                node.requireNotRemoved();
                if (stopping && node.isOutside()) {
                    throw new TroupeException("stopped while this node was in no cluster: whoever trains the run goes"
                            + " on; 'train --resume' joins them");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted while training", e);
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            LOG.debug("the process is ending already", e);
        }
    }
}
