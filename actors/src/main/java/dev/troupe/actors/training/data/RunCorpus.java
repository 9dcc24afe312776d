package dev.troupe.actors.training.data;

import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.TroupeException;
import dev.troupe.model.data.CorpusTokens;
import dev.troupe.model.data.TokenShards;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * A corpus as whoever leads a run found it, for nodes that open it for themselves: a folder of the same name may have
 * other tokens on another machine, which no number of a training would tell.
 *
 * @param folder of token shards, from the root of a file system
 * @param sha256 as {@link CorpusTokens#sha256}
 */
public record RunCorpus(String folder, String sha256) implements WireMessage {
    /** What was opened from {@code folder}. */
    public static RunCorpus of(Path folder, CorpusTokens tokens) {
        return new RunCorpus(folder.toAbsolutePath().normalize().toString(), tokens.sha256());
    }

    /** The tokens of a folder. */
    public static RunCorpus of(TokenShards tokens) {
        return of(tokens.directory(), tokens);
    }

    /**
     * Opens it. Blocks.
     *
     * @param cancelled as in {@link CorpusOpener#open}
     * @throws TroupeException when nobody has it, it is damaged, or it is not the run's
     */
    public CorpusTokens open(CorpusOpener corpora, TrainingConfig config, BooleanSupplier cancelled) {
        CorpusTokens tokens = corpora.open(Path.of(folder), config, cancelled);
        if (!tokens.sha256().equals(sha256)) {
            throw new TroupeException("the corpus in " + folder + ", as this node finds it, is not the one that the run"
                    + " began with: give the node the same files, or remove them and let data nodes serve the tokens"
                    + " (data.from = nodes)");
        }
        return tokens;
    }
}
