package dev.troupe.model.parallel;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;

/**
 * Which part of every split matrix a rank of the tensor axis holds: its share of the heads, of the MLP's inner width
 * and of the vocabulary. Norms, positions and the biases of row-split layers are whole on every rank.
 *
 * @param rank from 0
 * @param size ranks of the axis
 */
public record TensorShard(int rank, int size) {
    /** The whole model. */
    public static final TensorShard WHOLE = new TensorShard(0, 1);

    public TensorShard {
        if (size < 1 || rank < 0 || rank >= size) {
            throw new IllegalArgumentException("not a tensor shard: " + rank + " of " + size);
        }
    }

    public boolean isWhole() {
        return size == 1;
    }

    /**
     * The shape that this shard computes with: the model's, with its share of heads, inner width and vocabulary.
     *
     * @throws TroupeException when the model cannot be split like this
     */
    public ModelConfig of(ModelConfig model) {
        if (isWhole()) {
            return model;
        }
        int vocabulary = end(model.vocabSize()) - begin(model.vocabSize());
        if (vocabulary == 0) {
            throw new TroupeException("mesh.tensor = " + size + " is more than the vocabulary has tokens");
        }
        return model.withShare(
                divided("numHeads", model.numHeads()),
                divided("numKvHeads", model.numKvHeads()),
                divided("ffnDim", model.ffnDim()),
                vocabulary);
    }

    /** The first of this shard's part of {@code count} things. */
    public int begin(int count) {
        return (int) ((long) count * rank / size);
    }

    /** The one after the last. */
    public int end(int count) {
        return (int) ((long) count * (rank + 1) / size);
    }

    private int divided(String name, int count) {
        if (count % size != 0) {
            throw new TroupeException(
                    "mesh.tensor = " + size + " does not divide model." + name + " = " + count + ": choose a divisor");
        }
        return count / size;
    }
}
