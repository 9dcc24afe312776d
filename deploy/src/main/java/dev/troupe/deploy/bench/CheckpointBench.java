package dev.troupe.deploy.bench;

import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.run.RunSpec;
import dev.troupe.deploy.cluster.LocalCluster;
import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.TrainShape;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * What checkpoints cost: a real training, in this process or split over JVMs, that writes one every few steps, and how
 * much longer the steps before and beside a checkpoint are than the others.
 */
public final class CheckpointBench {
    private static final double MINUTE = 60;
    private static final int NUM_WORDS = 20_000;
    private static final int WARM_UP = 2; // checkpoints
    private static final long TIMEOUT_HOURS = 2;

    /**
     * What is measured.
     *
     * @param form of the mesh; {@link MeshForm#SINGLE} for one process without one
     * @param jvms that ranks of a mesh are in
     * @param checkpoints that count
     * @param steps from one to the next
     */
    public record Settings(TrainShape shape, String backend, MeshForm form, int jvms, int checkpoints, int steps) {}

    /**
     * The result.
     *
     * @param form data x tensor x pipeline, and what is split
     * @param bytes of a checkpoint's files
     * @param stepSeconds of a step beside which nothing is written, the median
     * @param pauseSeconds that a step waits for a copy in memory, the median
     * @param writtenSeconds until a checkpoint is whole on disk, the median
     * @param extraSeconds by which one makes the training longer, the median
     * @param shareAtOneAMinute of the training time, at one checkpoint a minute
     */
    public record Report(
            String shape,
            String form,
            int jvms,
            long bytes,
            int checkpoints,
            double stepSeconds,
            double pauseSeconds,
            double writtenSeconds,
            double extraSeconds,
            double shareAtOneAMinute) {}

    private final Settings settings;
    private final Path folder;
    private final MadeUpCorpus corpus;
    private final CheckpointCost cost = new CheckpointCost();
    private final CompletableFuture<Path> ended = new CompletableFuture<>();

    private CheckpointBench(Settings settings, Path folder) {
        this.settings = settings;
        this.folder = folder;
        this.corpus = MadeUpCorpus.of(NUM_WORDS, folder.resolve("data"));
    }

    /**
     * Trains and measures.
     *
     * @param folder for the run, its text and the nodes' logs: where its disk is matters
     * @throws TroupeException when the run fails
     */
    public static Report run(Settings settings, Path folder) {
        return new CheckpointBench(settings, folder).run();
    }

    private Report run() {
        try (LocalCluster cluster = LocalCluster.start(folder)) {
            if (settings.form().mesh().ranks() > 1) {
                cluster.grow(settings.jvms());
                Path tokenizer = folder.resolve(TokenizerJson.FILE_NAME);
                TokenizerJson.write(corpus.tokenizer(), tokenizer);
                return run(
                        listener -> cluster.first().trainOnCluster(RunSpec.of(setup(), tokenizer, "bench"), listener));
            }
            return run(listener -> cluster.first().train(setup(), listener));
        }
    }

    private Report run(Consumer<Consumer<TrainingEvent>> begin) {
        begin.accept(this::onEvent);
        long bytes = bytes(checkpoint());
        CheckpointCost.Cost measured;
        try {
            measured = cost.after(WARM_UP);
        } catch (IllegalStateException e) {
            throw new TroupeException("the cost of checkpoints cannot be told: " + e.getMessage(), e);
        }
        return new Report(
                settings.shape().label(),
                settings.form().label(),
                settings.jvms(),
                bytes,
                measured.checkpoints(),
                measured.stepSeconds(),
                measured.pauseSeconds(),
                measured.writtenSeconds(),
                measured.extraSeconds(),
                measured.extraSeconds() / MINUTE);
    }

    /** Waits for the last checkpoint. */
    private Path checkpoint() {
        try {
            return ended.get(TIMEOUT_HOURS, TimeUnit.HOURS);
        } catch (ExecutionException e) {
            throw new TroupeException("the run that was measured failed: " + e.getMessage(), e);
        } catch (TimeoutException e) {
            throw new TroupeException("the run that was measured took more than " + TIMEOUT_HOURS + " hours", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted while checkpoints were measured", e);
        }
    }

    private void onEvent(TrainingEvent event) {
        long now = System.nanoTime();
        switch (event) {
            case TrainingEvent.Progress _ -> cost.stepEnded(now);
            // But not the last one, beside which there are no more steps.
            case TrainingEvent.CheckpointWritten written
            when written.step() % settings.steps() == 0 ->
                cost.saved(
                        new CheckpointCost.Save(now - (long) (written.seconds() * 1e9), now, written.pauseSeconds()));
            case TrainingEvent.CheckpointFailed failed ->
                ended.completeExceptionally(new TroupeException("step " + failed.step() + ": " + failed.message()));
            case TrainingEvent.Completed completed ->
                ended.complete(Path.of(completed.summary().checkpoint()));
            case TrainingEvent.Failed failed -> ended.completeExceptionally(new TroupeException(failed.message()));
            default -> {
                // of no interest
            }
        }
    }

    private static long bytes(Path checkpoint) {
        try (Stream<Path> files = Files.walk(checkpoint)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        } catch (IOException e) {
            throw new TroupeException("cannot read " + checkpoint + ": " + e, e);
        }
    }

    private TrainingSetup setup() {
        TrainShape shape = settings.shape();
        MeshForm form = settings.form();
        TrainingConfig config =
                TrainingConfig.from(ConfigFactory.parseString(ShapeConfig.of(shape, form, settings.jvms(), 1)
                        + String.format(
                                Locale.ROOT,
                                """
                        train.steps = %d
                        checkpoint { everySteps = %d, keep = 2 }
                        eval.windows = 1
                        compute.backend = %s
                        """,
                                // The last checkpoint is written when there are no more steps that it could disturb.
                                (settings.checkpoints() + WARM_UP + 1) * settings.steps() - 1,
                                settings.steps(),
                                settings.backend())));
        return new TrainingSetup(
                "bench",
                folder.resolve("run"),
                config,
                config.model().withVocabulary(Math.max(shape.vocab(), corpus.vocabSize())),
                corpus.tokenizer(),
                corpus.tokens().train().directory(),
                corpus.tokens().heldOut().directory(),
                false);
    }
}
