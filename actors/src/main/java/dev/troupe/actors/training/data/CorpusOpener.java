package dev.troupe.actors.training.data;

import akka.actor.typed.ActorSystem;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.model.data.CorpusTokens;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** Opens corpora for whoever computes, wherever they are. Blocks. */
@FunctionalInterface
public interface CorpusOpener {
    /**
     * Opens a corpus.
     *
     * @param folder of token shards, here or on other nodes
     * @param config of the run
     * @param cancelled whether nobody waits for its tokens any more: asked between two attempts to read
     * @throws dev.troupe.model.TroupeException when nobody has it, or it is damaged
     */
    CorpusTokens open(Path folder, TrainingConfig config, BooleanSupplier cancelled);

    /** The same for a thread that is interrupted when nobody waits any more. */
    default CorpusTokens open(Path folder, TrainingConfig config) {
        return open(folder, config, () -> false);
    }

    /** One that finds data nodes in the cluster of {@code system}. */
    static CorpusOpener of(ActorSystem<?> system) {
        return new ClusterCorpora(system);
    }
}
