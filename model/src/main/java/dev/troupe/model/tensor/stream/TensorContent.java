package dev.troupe.model.tensor.stream;

import java.io.IOException;

/** Writes a tensor's data, all of it, in as many pieces as it likes. */
@FunctionalInterface
public interface TensorContent {
    void writeTo(TensorSink sink) throws IOException;
}
