package dev.troupe.actors.serving.engine;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.ModelPart;
import java.util.List;
import java.util.function.Supplier;

/** Where a replica's model comes to lie: in this process, or in several parts. */
public interface ModelLayout {
    /** All of it in this process. */
    ModelLayout WHOLE = new ModelLayout() {
        @Override
        public long blockBytes(ModelConfig config, StorageType type) {
            return KvCacheSize.blockBytes(config, type);
        }

        @Override
        public long rowBytes(ModelConfig config, EngineSettings settings) {
            return KvCacheSize.rowBytes(ModelPart.whole(config), settings);
        }

        @Override
        public long weightBytes(OpenModel model, EngineSettings settings) {
            return settings.weightBytes(model, List.of(ModelPart.whole(model.config())));
        }

        @Override
        public int threads(int threadsOfNode) {
            return threadsOfNode;
        }

        @Override
        public StepExecutor lay(Target target) {
            return WholeModel.lay(
                    target.settings(),
                    target.config(),
                    layer -> target.model().weights(),
                    target.kernels(),
                    target.pool(),
                    target.numKvBlocks(),
                    target.pool()::close);
        }
    };

    /**
     * What is to be laid out.
     *
     * @param model open until {@link #lay} returns
     * @param config as it is served, with maybe less context
     * @param version of the weights; blocks until it is known
     * @param pool that the kernels run on; the result closes it
     */
    record Target(
            EngineSettings settings,
            OpenModel model,
            ModelConfig config,
            Supplier<String> version,
            Kernels kernels,
            ComputePool pool,
            int numKvBlocks) {}

    /** Bytes of one block of a key-value cache of this type, on the node that has the most of it. */
    long blockBytes(ModelConfig config, StorageType type);

    /** Bytes of a step's rows, on the node that has the most of them. */
    long rowBytes(ModelConfig config, EngineSettings settings);

    /**
     * Bytes of the weights, on the node that has the most of them.
     *
     * @param settings that were decided for the model
     */
    long weightBytes(OpenModel model, EngineSettings settings);

    /** Threads of the pool that {@link #lay} is given, of those that the node computes with. */
    int threads(int threadsOfNode);

    /**
     * Lays the model out. Blocks; when it throws, the pool is still to be closed.
     *
     * @throws dev.troupe.model.TroupeException when it cannot be done, and trying again would not help
     */
    StepExecutor lay(Target target);
}
