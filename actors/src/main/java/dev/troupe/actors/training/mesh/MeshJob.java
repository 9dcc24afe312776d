package dev.troupe.actors.training.mesh;

import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.training.run.RunAssembly;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.MeshSettings;
import java.util.HashMap;
import java.util.Map;

/**
 * What every node must know to train: paths are of a file system that all of them see.
 *
 * @param attempt how often the run has gone back to a checkpoint or changed its mesh: what nodes have of it from before
 *     is of no use
 * @param settings the run's configuration, key by key
 * @param train tokens that are learned
 * @param heldOut tokens that evaluations read
 */
public record MeshJob(
        String runId, int attempt, Map<String, String> settings, int vocabSize, RunCorpus train, RunCorpus heldOut)
        implements WireMessage {
    public MeshJob {
        settings = Map.copyOf(settings);
    }

    /** The same on another mesh. */
    public MeshJob with(Mesh mesh) {
        Map<String, String> other = new HashMap<>(settings);
        other.put("mesh.data", Integer.toString(mesh.data()));
        other.put("mesh.tensor", Integer.toString(mesh.tensor()));
        other.put("mesh.pipeline", Integer.toString(mesh.pipeline()));
        return new MeshJob(runId, attempt, other, vocabSize, train, heldOut);
    }

    /** The configuration, checked again. */
    public TrainingConfig config() {
        return TrainingConfig.from(ConfigFactory.parseMap(settings));
    }

    /** What the ranks agree on. */
    public MeshSettings mesh() {
        TrainingConfig config = config();
        var model = config.model().withVocabulary(vocabSize);
        return new MeshSettings(
                model,
                config.mesh().mesh(),
                config.mesh().zero(),
                config.train().batch(),
                model.contextLength(),
                config.train().accumulation(),
                config.mesh().recomputeLayers(),
                RunAssembly.optimizerOptions(config, 0),
                config.train().seed());
    }
}
