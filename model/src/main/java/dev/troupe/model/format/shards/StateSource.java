package dev.troupe.model.format.shards;

import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;

/** Weights and moments of a whole model in open files. */
public interface StateSource extends AutoCloseable {
    /**
     * A parameter's weights or moments.
     *
     * @param spec of the parameter, or of a part of it
     * @param scratch for what has to be brought into order; the result may be used until it, or this, is closed
     * @throws dev.troupe.model.TroupeException when it is not there as a whole
     */
    StoredParameter get(StateKind kind, ParameterSpec spec, TensorArena scratch);

    /**
     * Checks that every element of a model is here once, and nothing else.
     *
     * @param whole the model's layout
     * @throws dev.troupe.model.TroupeException naming a parameter that is not
     */
    void requireComplete(ParameterLayout whole);

    /** Steps that the optimizer has taken. */
    long steps();

    @Override
    void close();
}
