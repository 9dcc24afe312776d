package dev.troupe.model.format.layouts;

import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.LastingTensor;
import dev.troupe.model.transformer.StoredTensor;
import dev.troupe.model.transformer.StoredWeights;
import java.util.Optional;

/** The weights of an open model, but for where and when they are laid out. */
abstract class ForwardedWeights implements StoredWeights {
    private final StoredWeights stored;

    ForwardedWeights(StoredWeights stored) {
        this.stored = stored;
    }

    @Override
    public final StoredTensor get(String name, TensorArena scratch) {
        return stored.get(name, scratch);
    }

    @Override
    public final Optional<LastingTensor> lasting(String name) {
        return stored.lasting(name);
    }

    @Override
    public final void forget(String name) {
        stored.forget(name);
    }

    @Override
    public final StorageType type(String name) {
        return stored.type(name);
    }
}
