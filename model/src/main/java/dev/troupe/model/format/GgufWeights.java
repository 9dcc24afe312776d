package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.gguf.GgufFile;
import dev.troupe.model.gguf.GgufTensor;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.LastingTensor;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.StoredTensor;
import dev.troupe.model.transformer.StoredWeights;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The weights of a model in a GGUF file, every tensor accounted for. */
final class GgufWeights implements StoredWeights {
    private final GgufFile file;
    private final ModelConfig config;
    private final Map<String, GgufTensor> tensors = new HashMap<>(); // by the name in memory

    /**
     * Checks that the file holds what the configuration asks for.
     *
     * @throws TroupeException naming the tensor that is missing, not expected or has another shape
     */
    GgufWeights(GgufFile file, ModelConfig config) {
        this.file = file;
        this.config = config;
        Map<String, String> names = GgufNames.of(config);
        Set<String> left = new HashSet<>(file.tensors().keySet());
        left.remove(GgufConfig.ROPE_DIVISORS);
        if (GgufConfig.repeatsEmbedding(config)) {
            left.remove(GgufConfig.HEAD);
        }
        List<String> missing = new ArrayList<>();
        for (ParameterSpec spec : ParameterLayout.of(config).specs()) {
            String name = names.getOrDefault(spec.name(), spec.name());
            GgufTensor tensor = file.tensors().get(name);
            left.remove(name);
            if (tensor == null) {
                missing.add(name);
            } else {
                requireShape(tensor, spec.shape());
                requirePlainVector(tensor);
                tensors.put(spec.name(), tensor);
            }
        }
        if (!missing.isEmpty()) {
            throw new TroupeException(
                    file.path() + " lacks " + TensorNames.some(missing) + ", which its metadata asks for");
        }
        if (!left.isEmpty()) {
            throw new TroupeException(file.path() + " has "
                    + TensorNames.some(left.stream().sorted().toList())
                    + ", which a model of its architecture does not have here");
        }
    }

    private void requireShape(GgufTensor tensor, List<Integer> expected) {
        if (!tensor.shape().equals(expected)) {
            throw new TroupeException(file.path() + ": tensor '" + tensor.name() + "' has shape " + tensor.shape()
                    + ", but the metadata asks for " + expected);
        }
    }

    /** Of norms and biases, which are never in blocks. */
    private void requirePlainVector(GgufTensor tensor) {
        if (tensor.shape().size() == 1 && tensor.type().blockElements() > 1) {
            throw new TroupeException(file.path() + ": tensor '" + tensor.name() + "' is a vector in " + tensor.type()
                    + "; vectors must be F32, F16 or BF16");
        }
    }

    @Override
    public StoredTensor get(String name, TensorArena scratch) {
        GgufTensor tensor = tensor(name);
        StoredTensor stored = stored(tensor, file.data(tensor));
        return GgufNames.reorderedHeads(config, name) > 0 ? inOrder(stored, scratch) : stored;
    }

    @Override
    public Optional<LastingTensor> lasting(String name) {
        GgufTensor tensor = tensor(name);
        StoredTensor stored = stored(tensor, file.lastingData(tensor));
        boolean reordered = GgufNames.reorderedHeads(config, name) > 0;
        if (reordered && stored.rows() == 1) {
            return Optional.empty();
        }
        return Optional.of(new LastingTensor(reordered ? rowsInOrder(stored) : stored, file.lasting()));
    }

    @Override
    public void forget(String name) {
        file.forget(tensor(name));
    }

    @Override
    public StorageType type(String name) {
        return tensor(name).type();
    }

    private GgufTensor tensor(String name) {
        GgufTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new TroupeException(file.path() + " has no tensor for '" + name + "'");
        }
        return tensor;
    }

    private StoredTensor stored(GgufTensor tensor, MemorySegment data) {
        int rows = tensor.shape().size() == 1 ? 1 : tensor.shape().getFirst();
        return new StoredTensor(
                file.path() + ": tensor '" + tensor.name() + "'",
                tensor.type(),
                rows,
                tensor.shape().getLast(),
                data);
    }

    /** Rows of heads as they are in memory; a bias is a row of single numbers, which are copied. */
    private StoredTensor inOrder(StoredTensor stored, TensorArena scratch) {
        if (stored.rows() > 1) {
            return rowsInOrder(stored);
        }
        int headDim = config.headDim();
        long bytes = stored.type().bytes(1);
        MemorySegment to = scratch.allocateBytes(stored.rowBytes());
        for (int row = 0; row < stored.columns(); row++) {
            MemorySegment.copy(stored.bytes(), GgufNames.rowInFile(row, headDim) * bytes, to, row * bytes, bytes);
        }
        return new StoredTensor(stored.name(), stored.type(), 1, stored.columns(), to.asSlice(0, stored.rowBytes()));
    }

    private StoredTensor rowsInOrder(StoredTensor stored) {
        int headDim = config.headDim();
        return new StoredTensor(
                stored.name(),
                stored.type(),
                stored.rows(),
                stored.columns(),
                stored.bytes(),
                row -> GgufNames.rowInFile(row, headDim));
    }
}
