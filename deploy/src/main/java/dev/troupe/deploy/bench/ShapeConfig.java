package dev.troupe.deploy.bench;

import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.TrainShape;
import java.util.Locale;

/** Shapes that training speed is measured on, as configurations of runs. */
final class ShapeConfig {
    private ShapeConfig() {}

    /**
     * The model, its text, the form of the mesh and how a step's sequences are dealt to it.
     *
     * @param nodes that ranks are spread over
     * @param microBatches of each replica
     */
    static String of(TrainShape shape, MeshForm form, int nodes, int microBatches) {
        int accumulation = form.mesh().data() * microBatches;
        if (shape.batch() % accumulation != 0) {
            throw new TroupeException("the " + shape.batch() + " sequences of shape " + shape.label()
                    + " cannot be dealt to " + form.mesh().data() + " replicas with " + microBatches
                    + " micro-batches each: choose another --mesh or --micro-batches");
        }
        return String.format(
                Locale.ROOT,
                """
                model { architecture = gpt2, dim = %d, numLayers = %d, numHeads = %d, numKvHeads = %d, ffnDim = %d,
                        contextLength = %d, tiedEmbeddings = true, bias = true, dropout = 0 }
                data { tokenizer = char, text = made-up }
                mesh { data = %d, tensor = %d, pipeline = %d, zero = %d, nodes = %d }
                train { batch = %d, accumulation = %d }
                """,
                shape.dim(),
                shape.layers(),
                shape.heads(),
                shape.heads(),
                4 * shape.dim(),
                shape.time(),
                form.mesh().data(),
                form.mesh().tensor(),
                form.mesh().pipeline(),
                form.zero().number(),
                nodes,
                shape.batch() / accumulation,
                accumulation);
    }
}
