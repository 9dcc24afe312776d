package dev.troupe.actors.training.data;

import akka.actor.typed.ActorSystem;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.model.data.CorpusTokens;
import dev.troupe.model.data.TokenShards;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** Corpora where {@code data.from} says that they are: in files of this machine, or with the cluster's data nodes. */
record ClusterCorpora(ActorSystem<?> system) implements CorpusOpener {
    @Override
    public CorpusTokens open(Path folder, TrainingConfig config, BooleanSupplier cancelled) {
        if (readsFiles(folder, config.data().from())) {
            return TokenShards.open(folder);
        }
        String name = folder.toAbsolutePath().normalize().toString();
        return RemoteTokens.open(new DataNodes(system, name, config.nodePatience(), cancelled), name);
    }

    private boolean readsFiles(Path folder, TokenOrigin from) {
        return switch (from) {
            case FILES -> true;
            case NODES -> false;
            case AUTO -> Files.isDirectory(folder) || isAlone();
        };
    }

    /** A process that no other one can help: it should say at once that the folder is missing. */
    private boolean isAlone() {
        return system.settings().config().getString("akka.actor.provider").equals("local");
    }
}
