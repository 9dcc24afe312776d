package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.exchange.RunMemory;
import dev.troupe.actors.training.run.RunAssembly;
import dev.troupe.model.TroupeException;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.checkpoint.MeshCheckpointStore;
import dev.troupe.model.mesh.checkpoint.ShardFile;
import dev.troupe.model.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** What a runner does with the files of a checkpoint, before and after the ranks write theirs. Nothing here blocks. */
public interface MeshCheckpoints {
    /** For a run that keeps none. */
    MeshCheckpoints NONE = new MeshCheckpoints() {
        @Override
        public CompletionStage<Path> begin(long step) {
            return none();
        }

        @Override
        public CompletionStage<Path> publish(TrainingState training, Collection<ShardFile> files) {
            return none();
        }

        @Override
        public CompletionStage<TrainingState> requireWhole(Path checkpoint) {
            return none();
        }

        private <T> CompletionStage<T> none() {
            return CompletableFuture.failedFuture(new TroupeException("this run keeps no checkpoints"));
        }
    };

    /** Makes the directory that ranks write to. */
    CompletionStage<Path> begin(long step);

    /** Makes a checkpoint of what they have written. */
    CompletionStage<Path> publish(TrainingState training, Collection<ShardFile> files);

    /** Compares a checkpoint's checksums; fails with what is wrong with it. */
    CompletionStage<TrainingState> requireWhole(Path checkpoint);

    /**
     * Checkpoints in a store.
     *
     * @param run its memory stays, and with it its directory, until the disk is done
     * @param blocking waits for the disk
     */
    static MeshCheckpoints of(
            MeshCheckpointStore store, MeshSettings settings, Tokenizer tokenizer, RunAssembly run, Executor blocking) {
        RunMemory memory = run.memory();
        return new MeshCheckpoints() {
            @Override
            public CompletionStage<Path> begin(long step) {
                return memory.submit(blocking, () -> {
                    run.directory().requireOwn();
                    return store.begin(step);
                });
            }

            @Override
            public CompletionStage<Path> publish(TrainingState training, Collection<ShardFile> files) {
                return memory.submit(blocking, () -> {
                    run.directory().requireOwn();
                    return store.publish(settings, tokenizer, training, files);
                });
            }

            @Override
            public CompletionStage<TrainingState> requireWhole(Path checkpoint) {
                return memory.submit(blocking, () -> MeshCheckpointStore.requireWhole(checkpoint, settings.model()));
            }
        };
    }
}
