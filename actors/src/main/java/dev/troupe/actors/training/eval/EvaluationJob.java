package dev.troupe.actors.training.eval;

import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.data.CorpusTokens;
import java.util.Map;

/**
 * What an evaluation node must know of a run: paths are of a file system that all nodes see.
 *
 * @param directory of the run
 * @param settings the run's configuration, key by key
 * @param contextLength tokens of a window
 * @param heldOut tokens that the run evaluates itself with
 */
public record EvaluationJob(
        String runId, String directory, Map<String, String> settings, int contextLength, RunCorpus heldOut)
        implements WireMessage {
    public EvaluationJob {
        settings = Map.copyOf(settings);
    }

    /** The evaluations of a run that has opened {@code heldOut}. */
    public static EvaluationJob of(TrainingSetup setup, CorpusTokens heldOut) {
        return new EvaluationJob(
                setup.runId(),
                setup.runDir().toAbsolutePath().toString(),
                setup.config().values(),
                setup.model().contextLength(),
                RunCorpus.of(setup.heldOutTokens(), heldOut));
    }

    /** The configuration, checked again. */
    TrainingConfig config() {
        return TrainingConfig.from(ConfigFactory.parseMap(settings));
    }
}
