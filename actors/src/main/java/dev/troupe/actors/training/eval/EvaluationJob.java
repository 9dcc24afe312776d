package dev.troupe.actors.training.eval;

import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.wire.WireMessage;
import java.util.Map;

/**
 * What an evaluation node must know of a run: paths are of a file system that all nodes see.
 *
 * @param directory of the run
 * @param settings the run's configuration, key by key
 * @param contextLength tokens of a window
 * @param heldOutTokens folder of token shards
 */
public record EvaluationJob(
        String runId, String directory, Map<String, String> settings, int contextLength, String heldOutTokens)
        implements WireMessage {
    public EvaluationJob {
        settings = Map.copyOf(settings);
    }

    /** The evaluations of a run. */
    public static EvaluationJob of(TrainingSetup setup) {
        return new EvaluationJob(
                setup.runId(),
                setup.runDir().toAbsolutePath().toString(),
                setup.config().values(),
                setup.model().contextLength(),
                setup.heldOutTokens().toAbsolutePath().toString());
    }

    /** The configuration, checked again. */
    TrainingConfig config() {
        return TrainingConfig.from(ConfigFactory.parseMap(settings));
    }
}
