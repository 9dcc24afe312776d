package dev.troupe.actors.training;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.config.KnownKeys;
import dev.troupe.actors.training.data.TokenOrigin;
import dev.troupe.actors.training.run.AccumulationRamp;
import dev.troupe.actors.training.run.LossSpikes;
import dev.troupe.model.TroupeException;
import dev.troupe.model.eval.EvaluationTask;
import dev.troupe.model.eval.EvaluationTasks;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.ZeroStage;
import dev.troupe.model.mesh.placement.LinkSpeeds;
import dev.troupe.model.optim.LossScale;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Everything that decides a training run, validated. The keys, their units and defaults are in {@code reference.conf}
 * under {@value #PREFIX}.
 *
 * @param values every key with its value as text, as it was read, for records and for comparing two runs
 */
public record TrainingConfig(
        ModelSection model,
        DataSection data,
        TrainSection train,
        OptimizerSection optimizer,
        CheckpointSection checkpoint,
        EvalSection eval,
        MeshSection mesh,
        RollbackSection rollback,
        Map<String, String> values) {

    public TrainingConfig {
        values = Collections.unmodifiableMap(new TreeMap<>(values));
    }

    /** Where the defaults stand. */
    public static final String PREFIX = "troupe.training";

    /**
     * Where tokens come from.
     *
     * @param text "wordnet", or a path
     * @param tokenizer "bpe" or "char"
     * @param order "shuffled" or "random"
     * @param prefetch micro-batches read ahead
     * @param from whose files are read
     * @param nodeWait for a data node, when none gives tokens
     */
    public record DataSection(
            String text,
            String tokenizer,
            int vocabSize,
            double heldOutFraction,
            String order,
            int prefetch,
            TokenOrigin from,
            Duration nodeWait) {}

    /**
     * How long and how wide.
     *
     * @param steps 0 when {@code minutes} decides
     * @param minutes 0 when {@code steps} decides
     * @param batch sequences of a micro-batch
     * @param accumulation micro-batches of a step, after the ramp
     * @param ramp micro-batches of each step
     * @param precision of the operands of matrix products
     * @param lossScale of fp16
     * @param threads of a process; of a node's, shared by its ranks
     * @param lossWindow steps whose mean is the reported training loss
     */
    public record TrainSection(
            long steps,
            double minutes,
            int batch,
            int accumulation,
            AccumulationRamp ramp,
            long seed,
            String backend,
            Precision precision,
            LossScale.Options lossScale,
            ComputeThreads threads,
            int lossWindow,
            int stepTimeoutSeconds) {

        /** Whether the number of steps is fitted to a time budget. */
        public boolean isTimed() {
            return steps == 0;
        }
    }

    /** AdamW and its schedule; {@code warmupSteps} is empty for automatic. */
    public record OptimizerSection(
            double learningRate,
            double minLearningRateFraction,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            double clipNorm,
            OptionalInt warmupSteps) {

        private static final int LONGEST_AUTOMATIC_WARMUP = 2000;
        private static final int WARMUP_OF_A_TIMED_RUN = 40;

        /** Steps of linear warm-up in a run of this many steps. */
        public long warmupStepsOf(long totalSteps) {
            return warmupSteps.orElse(Math.clamp(totalSteps / 20, 1, LONGEST_AUTOMATIC_WARMUP));
        }

        /** Steps of linear warm-up in a run whose number of steps is not known when they are taken. */
        public long warmupStepsOfTimedRun() {
            return warmupSteps.orElse(WARMUP_OF_A_TIMED_RUN);
        }
    }

    /** When checkpoints are written and how many stay; {@code everySteps} 0 for the end only. */
    public record CheckpointSection(int everySteps, int keep) {}

    /**
     * Evaluation on held-out text.
     *
     * @param everySteps 0 for the end only
     * @param tasks that evaluation nodes measure, too
     * @param shadow path of the model that the run is compared with; empty for none
     */
    public record EvalSection(
            int everySteps,
            int windows,
            int finalWindows,
            double cpuShare,
            List<EvaluationTask> tasks,
            Optional<String> shadow) {
        /** What a run's report has of its last model anyway. */
        private static final Set<String> IN_EVERY_REPORT = Set.of("perplexity", "bitsPerByte");

        /** Names of the tasks that are measured by evaluation nodes only. */
        public List<String> tasksOfNodes() {
            return tasks.stream()
                    .map(EvaluationTask::name)
                    .filter(name -> !IN_EVERY_REPORT.contains(name))
                    .toList();
        }

        private static EvalSection from(ConfigReader reader) {
            return new EvalSection(
                    reader.integer("eval.everySteps", 0, Integer.MAX_VALUE),
                    reader.integer("eval.windows", 1, 1_000_000),
                    reader.integer("eval.finalWindows", 1, 10_000_000),
                    reader.number("eval.cpuShare", 0.01, 1),
                    EvaluationTasks.named(reader.words("eval.tasks")),
                    reader.optional("eval.shadow"));
        }
    }

    /**
     * How the run is split.
     *
     * @param nodes that a run waits for before it begins
     * @param copyEverySteps steps between copies of the state in the memory of other nodes
     * @param peerTimeoutSeconds how long a rank waits for another that says nothing
     * @param excludeAfterFailures of a node within {@code failureWindow}; 0 for never
     * @param offloadsOptimizer whether the optimizer's state and its copies are kept in files
     * @param offloadDirectory where, on each node
     * @param replacementWait for a node in a lost one's place where the others have not the memory for its ranks
     * @param links how fast they are, for the placement of ranks
     */
    public record MeshSection(
            Mesh mesh,
            ZeroStage zero,
            int recomputeLayers,
            int nodes,
            int copyEverySteps,
            int peerTimeoutSeconds,
            int excludeAfterFailures,
            Duration failureWindow,
            boolean offloadsOptimizer,
            Path offloadDirectory,
            Duration replacementWait,
            LinkSpeeds links) {
        /** Where the optimizer's state and its copies are kept in files; empty for memory. */
        public Optional<Path> offload() {
            return offloadsOptimizer ? Optional.of(offloadDirectory) : Optional.empty();
        }

        /** Whether the run is for a cluster's trainer nodes, or for this process alone. */
        public boolean isSplit() {
            return mesh.ranks() > 1 || nodes > 1;
        }
    }

    /**
     * When a run goes back to a checkpoint because its loss has left its course.
     *
     * @param limit of a run; 0 for never
     * @param learningRateFactor that each one multiplies the rates with
     * @param spikes of the loss; a loss or norm that is no number counts, too
     */
    public record RollbackSection(int limit, double learningRateFactor, LossSpikes.Options spikes) {}

    /**
     * Reads and checks a configuration.
     *
     * @param overrides what the user sets, in sections at the top level ({@code train.steps}), in the full form
     *     ({@code troupe.training.train.steps}), or both, where the short form wins; the rest comes from
     *     {@code reference.conf}
     * @throws TroupeException for an unknown key or a bad value, naming it and what would be right
     */
    public static TrainingConfig from(Config overrides) {
        Config defaults = ConfigFactory.defaultReference(TrainingConfig.class.getClassLoader())
                .getConfig(PREFIX);
        Config user = overrides
                .withoutPath("troupe")
                .withoutPath("akka")
                .withoutPath("kamon")
                .withFallback(overrides.hasPath(PREFIX) ? overrides.getConfig(PREFIX) : ConfigFactory.empty());
        KnownKeys.require(user, defaults);
        boolean onlyMinutes = user.hasPath("train.minutes") && !user.hasPath("train.steps");
        boolean onlySteps = user.hasPath("train.steps") && !user.hasPath("train.minutes");
        Config merged = withAbsolutePaths(user.withFallback(defaults));
        ConfigReader reader = new ConfigReader(merged);
        TrainingConfig config = new TrainingConfig(
                ModelSection.from(reader),
                data(reader),
                train(reader, onlyMinutes, onlySteps),
                optimizer(reader),
                new CheckpointSection(
                        reader.integer("checkpoint.everySteps", 0, Integer.MAX_VALUE),
                        reader.integer("checkpoint.keep", 1, 10_000)),
                EvalSection.from(reader),
                mesh(reader),
                new RollbackSection(
                        reader.integer("rollback.limit", 0, 1_000_000),
                        reader.number("rollback.learningRateFactor", 1e-6, 1),
                        new LossSpikes.Options(
                                reader.integer("rollback.spike.window", 2, 1_000_000),
                                reader.number("rollback.spike.sigmas", 0.1, 1e6),
                                reader.integer("rollback.spike.steps", 0, 1_000_000))),
                merged.entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, entry -> ConfigReader.text(entry.getValue()))));
        if (config.train.steps == 0 && config.train.minutes == 0) {
            throw new TroupeException(
                    "train.steps and train.minutes are both 0: set one of them to say how long to train");
        }
        return config;
    }

    /**
     * How long tokens of data nodes are waited for: well within the time after which others would take whoever waits
     * for lost.
     */
    public Duration nodePatience() {
        Duration lost = Duration.ofSeconds(Math.min(train.stepTimeoutSeconds, mesh.peerTimeoutSeconds));
        Duration half = lost.dividedBy(2);
        return data.nodeWait.compareTo(half) < 0 ? data.nodeWait : half;
    }

    /** Paths that other nodes read, too, as they are in this process's working directory. */
    private static Config withAbsolutePaths(Config config) {
        ConfigReader reader = new ConfigReader(config);
        Map<String, Object> absolute = new TreeMap<>();
        reader.optional("eval.shadow")
                .ifPresent(shadow -> absolute.put(
                        "eval.shadow",
                        Path.of(shadow).toAbsolutePath().normalize().toString()));
        absolute.put(
                "eval.tasks",
                reader.words("eval.tasks").stream()
                        .map(EvaluationTasks::withAbsolutePath)
                        .toList());
        return ConfigFactory.parseMap(absolute).withFallback(config);
    }

    private static DataSection data(ConfigReader reader) {
        return new DataSection(
                reader.nonBlank("data.text"),
                reader.word("data.tokenizer", "bpe", "char"),
                reader.integer("data.vocabSize", 257, 1_000_000),
                reader.number("data.heldOutFraction", 0.0001, 0.9),
                reader.word("data.order", "shuffled", "random"),
                reader.integer("data.prefetch", 1, 1024),
                TokenOrigin.named(reader.word("data.from", TokenOrigin.names())),
                Duration.ofSeconds(reader.integer("data.nodeWaitSeconds", 1, 1_000_000)));
    }

    private static TrainSection train(ConfigReader reader, boolean onlyMinutes, boolean onlySteps) {
        long steps = reader.whole("train.steps", 0, 1_000_000_000_000L);
        double minutes = reader.number("train.minutes", 0, 1_000_000);
        int accumulation = reader.integer("train.accumulation", 1, 65_536);
        Precision precision =
                Precision.named(reader.word("train.precision", Precision.names().toArray(String[]::new)));
        return new TrainSection(
                onlyMinutes ? 0 : steps,
                onlySteps && steps > 0 ? 0 : minutes,
                reader.integer("train.batch", 1, 65_536),
                accumulation,
                ramp(reader, accumulation),
                reader.whole("train.seed", Long.MIN_VALUE, Long.MAX_VALUE),
                reader.nonBlank("compute.backend"),
                precision,
                lossScale(reader, precision),
                new ComputeThreads(
                        reader.integer("train.threads", 0, 1024),
                        reader.word("compute.pinned", "true", "false").equals("true")),
                reader.integer("train.lossWindow", 1, 1_000_000),
                reader.integer("train.stepTimeoutSeconds", 1, 1_000_000));
    }

    private static LossScale.Options lossScale(ConfigReader reader, Precision precision) {
        double initial = reader.number("train.lossScale.initial", 1, LossScale.LARGEST);
        int growthSteps = reader.integer("train.lossScale.growthSteps", 1, Integer.MAX_VALUE);
        if (!LossScale.isScale(initial)) {
            throw reader.bad("train.lossScale.initial", "a power of two");
        }
        return precision == Precision.FP16 ? new LossScale.Options(initial, growthSteps) : LossScale.Options.NONE;
    }

    private static AccumulationRamp ramp(ConfigReader reader, int accumulation) {
        int from = reader.integer("train.ramp.accumulation", 0, accumulation);
        long tokens = reader.whole("train.ramp.tokens", 0, 10_000_000_000_000L);
        if (from == 0) {
            return AccumulationRamp.constant(accumulation);
        }
        int replicas = reader.integer("mesh.data", 1, 65_536);
        if (accumulation % from != 0 || from % replicas != 0) {
            throw reader.bad(
                    "train.ramp.accumulation",
                    "0 for no ramp, or a divisor of train.accumulation (" + accumulation
                            + ") that is a multiple of mesh.data (" + replicas + ")");
        }
        if (tokens == 0) {
            throw reader.bad("train.ramp.tokens", "at least 1 when train.ramp.accumulation is set");
        }
        return new AccumulationRamp(from, accumulation, tokens);
    }

    private static MeshSection mesh(ConfigReader reader) {
        return new MeshSection(
                new Mesh(
                        reader.integer("mesh.data", 1, 65_536),
                        reader.integer("mesh.tensor", 1, 65_536),
                        reader.integer("mesh.pipeline", 1, 65_536)),
                ZeroStage.of(reader.integer("mesh.zero", 0, 3)),
                reader.integer("mesh.recomputeLayers", 0, 65_536),
                reader.integer("mesh.nodes", 1, 65_536),
                reader.integer("mesh.copyEverySteps", 1, 1_000_000),
                reader.integer("mesh.peerTimeoutSeconds", 1, 1_000_000),
                reader.integer("mesh.excludeAfterFailures", 0, 1_000_000),
                Duration.ofMinutes(reader.integer("mesh.failureWindowMinutes", 1, 1_000_000)),
                reader.word("mesh.offload", "none", "optimizer").equals("optimizer"),
                Path.of(reader.nonBlank("mesh.offloadDirectory")),
                Duration.ofSeconds(reader.integer("mesh.replacementWaitSeconds", 0, 1_000_000)),
                new LinkSpeeds(
                        megabytes(reader, "process"),
                        megabytes(reader, "host"),
                        megabytes(reader, "zone"),
                        megabytes(reader, "elsewhere")));
    }

    private static double megabytes(ConfigReader reader, String level) {
        return 1e6 * reader.number("mesh.megabytesPerSecond." + level, 1e-3, 1e9);
    }

    private static OptimizerSection optimizer(ConfigReader reader) {
        return new OptimizerSection(
                reader.number("optimizer.learningRate", 1e-12, 100),
                reader.number("optimizer.minLearningRateFraction", 0, 1),
                reader.number("optimizer.beta1", 0, 0.999_999_999),
                reader.number("optimizer.beta2", 0, 0.999_999_999),
                reader.number("optimizer.epsilon", 1e-30, 1),
                reader.number("optimizer.weightDecay", 0, 100),
                reader.number("optimizer.clipNorm", 0, 1e30),
                reader.integerOrAuto("optimizer.warmupSteps", 0, Integer.MAX_VALUE));
    }
}
