package dev.troupe.deploy.bench;

import dev.troupe.model.bench.TrainShape;
import java.util.Locale;

/** Shapes that training speed is measured on, as configurations of runs. */
final class ShapeConfig {
    private ShapeConfig() {}

    /**
     * The model, its text and the form of the mesh.
     *
     * @param nodes that ranks are spread over
     */
    static String of(TrainShape shape, MeshForm form, int nodes) {
        return String.format(
                Locale.ROOT,
                """
                model { architecture = gpt2, dim = %d, numLayers = %d, numHeads = %d, numKvHeads = %d, ffnDim = %d,
                        contextLength = %d, tiedEmbeddings = true, bias = true, dropout = 0 }
                data { tokenizer = char, text = made-up }
                mesh { data = %d, tensor = %d, pipeline = %d, zero = %d, nodes = %d }
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
                nodes);
    }
}
