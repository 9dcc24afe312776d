package dev.troupe.actors.training.run;

import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.nio.file.Path;
import java.util.Map;

/**
 * A run as any node of a cluster can start it: paths are of a file system that all of them see.
 *
 * @param attempt tells this start of the run from another one in the same directory
 * @param directory of the run
 * @param settings its configuration, key by key
 * @param tokenizer file
 * @param trainTokens folder of token shards
 * @param heldOutTokens folder of token shards
 * @param resume as in {@link TrainingSetup}
 */
public record RunSpec(
        String runId,
        String attempt,
        String directory,
        Map<String, String> settings,
        int vocabSize,
        String tokenizer,
        String trainTokens,
        String heldOutTokens,
        boolean resume)
        implements WireMessage {
    public RunSpec {
        settings = Map.copyOf(settings);
    }

    /**
     * What a setup says, with its tokenizer in a file.
     *
     * @param attempt no other start of a run has the same
     */
    public static RunSpec of(TrainingSetup setup, Path tokenizer, String attempt) {
        return new RunSpec(
                setup.runId(),
                attempt,
                absolute(setup.runDir()),
                setup.config().values(),
                setup.model().vocabSize(),
                absolute(tokenizer),
                absolute(setup.trainTokens()),
                absolute(setup.heldOutTokens()),
                setup.resume());
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }

    /** The setup. Blocks on the disk. */
    public TrainingSetup open() {
        TrainingConfig config = TrainingConfig.from(ConfigFactory.parseMap(settings));
        return new TrainingSetup(
                runId,
                Path.of(directory),
                config,
                config.model().withVocabulary(vocabSize),
                TokenizerJson.read(Path.of(tokenizer)),
                Path.of(trainTokens),
                Path.of(heldOutTokens),
                resume);
    }
}
