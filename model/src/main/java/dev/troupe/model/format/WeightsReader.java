package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.safetensors.SafetensorsFile;
import dev.troupe.model.format.safetensors.TensorEntry;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.Parameters;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Copies the tensors of one model.safetensors to a model's parameters: names with and without prefix, matrices
 * transposed where the file has them so, every tensor accounted for.
 */
final class WeightsReader {
    private static final int NAMES_IN_MESSAGE = 5;

    private final Path path;
    private final SafetensorsFile file;
    private final WeightNames names;
    private final Parameters weights;

    /** Tensors of the file that no parameter took yet, by the name in memory. */
    private final Map<String, TensorEntry> left = new HashMap<>();

    private WeightsReader(Path path, SafetensorsFile file, ModelConfig config, Parameters weights) {
        this.path = path;
        this.file = file;
        this.names = new WeightNames(config);
        this.weights = weights;
    }

    /**
     * Reads all of {@code weights}.
     *
     * @throws TroupeException naming the tensor that is missing, not expected or has another shape
     */
    static void read(Path path, ModelConfig config, Parameters weights) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            new WeightsReader(path, file, config, weights).read();
        }
    }

    private void read() {
        for (TensorEntry entry : file.tensors().values()) {
            String name = names.inMemory(entry.name());
            if (left.put(name, entry) != null) {
                throw new TroupeException(path + " has '" + name + "' twice, with and without prefix");
            }
        }
        List<String> missing = new ArrayList<>();
        for (ParameterSpec spec : weights.layout().specs()) {
            TensorEntry entry = left.remove(spec.name());
            if (entry == null) {
                missing.add(spec.name());
            } else {
                requireShape(entry, names.shapeInFile(spec));
                read(entry, spec);
            }
        }
        if (!missing.isEmpty()) {
            throw new TroupeException(path + " lacks " + some(missing) + ", which config.json asks for");
        }
        List<String> unexpected = left.values().stream()
                .filter(entry -> !isHarmless(entry))
                .map(TensorEntry::name)
                .sorted()
                .toList();
        if (!unexpected.isEmpty()) {
            throw new TroupeException(
                    path + " has " + some(unexpected) + ", which a model of config.json does not have");
        }
    }

    private void read(TensorEntry entry, ParameterSpec spec) {
        Tensor destination = weights.get(spec.name());
        if (!names.isTransposed(spec)) {
            file.read(entry.name(), destination);
            return;
        }
        try (TensorArena scratch = TensorArena.open("format.scratch")) {
            transpose(floats(entry, scratch), destination);
        }
    }

    /** The tensor's values: the mapped file itself, or a converted copy. */
    private Tensor floats(TensorEntry entry, TensorArena scratch) {
        return file.view(entry.name()).orElseGet(() -> {
            Tensor copy = scratch.allocate(
                    entry.shape().stream().mapToInt(Integer::intValue).toArray());
            file.read(entry.name(), copy);
            return copy;
        });
    }

    /** [n, m] to [m, n]; in tiles, so that both sides stay in the cache. */
    private static void transpose(Tensor source, Tensor destination) {
        int tile = 32;
        int n = source.dim(0);
        int m = source.dim(1);
        for (int i0 = 0; i0 < n; i0 += tile) {
            for (int j0 = 0; j0 < m; j0 += tile) {
                for (int i = i0; i < Math.min(i0 + tile, n); i++) {
                    for (int j = j0; j < Math.min(j0 + tile, m); j++) {
                        destination.set((long) j * n + i, source.get((long) i * m + j));
                    }
                }
            }
        }
    }

    /** Tensors that add nothing to the model: buffers, a tied head that repeats the embedding, biases of zeros. */
    private boolean isHarmless(TensorEntry entry) {
        String name = names.inMemory(entry.name());
        if (names.isBuffer(name)) {
            return true;
        }
        try (TensorArena scratch = TensorArena.open("format.scratch")) {
            if (name.equals(WeightNames.HEAD)) {
                Tensor embedding = weights.get(names.embedding());
                requireShape(entry, List.of(embedding.dim(0), embedding.dim(1)));
                return requireTied(floats(entry, scratch), embedding);
            }
            return names.isAbsentBias(name) && isZero(floats(entry, scratch));
        }
    }

    private boolean requireTied(Tensor head, Tensor embedding) {
        MemorySegment expected = embedding.readOnlySegment();
        if (head.readOnlySegment().mismatch(expected) >= 0) {
            throw new TroupeException(path + ": '" + WeightNames.HEAD + "' differs from '" + names.embedding()
                    + "', but config.json says tie_word_embeddings: true; set it to false");
        }
        return true;
    }

    private static boolean isZero(Tensor tensor) {
        for (long i = 0; i < tensor.size(); i++) {
            if (tensor.get(i) != 0) {
                return false;
            }
        }
        return true;
    }

    private void requireShape(TensorEntry entry, List<Integer> expected) {
        if (!entry.shape().equals(expected)) {
            throw new TroupeException(path + ": tensor '" + entry.name() + "' has shape " + entry.shape()
                    + ", but config.json asks for " + expected);
        }
    }

    private static String some(List<String> names) {
        String first = String.join(", ", names.subList(0, Math.min(NAMES_IN_MESSAGE, names.size())));
        int more = names.size() - NAMES_IN_MESSAGE;
        return (names.size() == 1 ? "tensor " : "tensors ") + first + (more > 0 ? " and " + more + " more" : "");
    }
}
