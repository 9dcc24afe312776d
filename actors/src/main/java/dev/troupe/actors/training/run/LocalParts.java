package dev.troupe.actors.training.run;

import dev.troupe.actors.training.checkpoint.CheckpointSink;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.data.DataFeeder;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.optim.ShardUpdate;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.TrainingStage;
import java.util.List;

/** What the actors of a run work with that is computed in this process: tensors in memory, initialised or restored. */
public record LocalParts(
        Kernels kernels,
        TrainingStage stage,
        Parameters gradients,
        ShardUpdate optimizer,
        DataFeeder.Settings feeder,
        Evaluator.Settings evaluator,
        CheckpointWriter.Settings writer,
        CheckpointSink checkpoints,
        NodeResources node)
        implements RunParts {
    @Override
    public List<NodeResources> nodes() {
        return List.of(node);
    }

    @Override
    public int evaluationBatch() {
        return evaluator.batch();
    }
}
