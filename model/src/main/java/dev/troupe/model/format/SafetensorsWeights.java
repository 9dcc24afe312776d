package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.safetensors.SafetensorsFile;
import dev.troupe.model.format.safetensors.TensorDtype;
import dev.troupe.model.format.safetensors.TensorEntry;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.LastingTensor;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.StoredTensor;
import dev.troupe.model.transformer.StoredWeights;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The weights of a model in one or several safetensors files: names with and without prefix, matrices transposed where
 * the files have them so, every tensor accounted for.
 */
final class SafetensorsWeights implements StoredWeights, AutoCloseable {
    private final Path path;
    private final List<SafetensorsFile> files;
    private final WeightNames names;
    private final Map<String, ParameterSpec> specs = new HashMap<>();
    private final Map<String, Place> places = new HashMap<>();

    /** A tensor and the file that it is in. */
    private record Place(SafetensorsFile file, TensorEntry entry) {}

    /**
     * Opens and checks files.
     *
     * @param path for messages: the file, or the index of several
     * @throws TroupeException naming the tensor that is missing, not expected or has another shape
     */
    static SafetensorsWeights open(Path path, List<Path> files, ModelConfig config) {
        List<SafetensorsFile> opened = new ArrayList<>();
        try {
            for (Path file : files) {
                opened.add(SafetensorsFile.open(file));
            }
            SafetensorsWeights weights = new SafetensorsWeights(path, opened, config);
            weights.findPlaces();
            weights.requireTensorsFor(config);
            weights.check(ParameterLayout.of(config));
            return weights;
        } catch (RuntimeException e) {
            opened.forEach(SafetensorsFile::close);
            throw e;
        }
    }

    private SafetensorsWeights(Path path, List<SafetensorsFile> files, ModelConfig config) {
        this.path = path;
        this.files = List.copyOf(files);
        this.names = new WeightNames(config);
    }

    private void findPlaces() {
        for (SafetensorsFile file : files) {
            for (TensorEntry entry : file.tensors().values()) {
                if (places.put(names.inMemory(entry.name()), new Place(file, entry)) != null) {
                    throw new TroupeException(path + " has '" + names.inMemory(entry.name())
                            + "' twice, with and without prefix or in two files");
                }
            }
        }
    }

    /** Each layer has tensors of its own. This comes before anything is made for each of them. */
    private void requireTensorsFor(ModelConfig config) {
        if (config.numLayers() > places.size()) {
            throw new TroupeException(path + " has only " + places.size() + " tensors, but config.json says "
                    + HfConfig.layersKey(config) + ": " + config.numLayers()
                    + "; set it to the number of layers that are there");
        }
    }

    private void check(ParameterLayout layout) {
        Map<String, Place> left = new HashMap<>(places);
        List<String> missing = new ArrayList<>();
        for (ParameterSpec spec : layout.specs()) {
            specs.put(spec.name(), spec);
            Place place = left.remove(spec.name());
            if (place == null) {
                missing.add(spec.name());
            } else {
                requireShape(place.entry(), names.shapeInFile(spec));
                requireReadable(place.entry());
            }
        }
        if (!missing.isEmpty()) {
            throw new TroupeException(path + " lacks " + TensorNames.some(missing) + ", which config.json asks for");
        }
        List<String> unexpected = left.values().stream()
                .filter(place -> !isHarmless(place))
                .map(place -> place.entry().name())
                .sorted()
                .toList();
        if (!unexpected.isEmpty()) {
            throw new TroupeException(
                    path + " has " + TensorNames.some(unexpected) + ", which a model of config.json does not have");
        }
    }

    @Override
    public StoredTensor get(String name, TensorArena scratch) {
        Place place = place(name);
        StoredTensor stored = stored(place, place.file().bytes(place.entry()));
        ParameterSpec spec = specs.get(name);
        return spec != null && names.isTransposed(spec) ? transposed(stored, scratch) : stored;
    }

    @Override
    public Optional<LastingTensor> lasting(String name) {
        Place place = place(name);
        ParameterSpec spec = specs.get(name);
        return spec != null && names.isTransposed(spec)
                ? Optional.empty()
                : Optional.of(new LastingTensor(
                        stored(place, place.file().lastingBytes(place.entry())),
                        place.file().lasting()));
    }

    @Override
    public void forget(String name) {
        Place place = place(name);
        place.file().forget(place.entry());
    }

    @Override
    public StorageType type(String name) {
        return type(place(name).entry().dtype());
    }

    private Place place(String name) {
        Place place = places.get(name);
        if (place == null) {
            throw new TroupeException(path + " has no tensor '" + name + "'");
        }
        return place;
    }

    private static StoredTensor stored(Place place, MemorySegment bytes) {
        List<Integer> shape = place.entry().shape();
        int columns = shape.isEmpty() ? 1 : shape.getLast();
        int rows = columns == 0 ? 0 : Math.toIntExact(place.entry().size() / columns);
        return new StoredTensor(place.entry().name(), type(place.entry().dtype()), rows, columns, bytes);
    }

    private static StorageType type(TensorDtype dtype) {
        return switch (dtype) {
            case F32 -> StorageType.F32;
            case F16 -> StorageType.F16;
            case BF16 -> StorageType.BF16;
            default -> throw new IllegalArgumentException(dtype + " is no type of weights");
        };
    }

    private static StoredTensor transposed(StoredTensor source, TensorArena scratch) {
        int element = source.type().blockBytes(); // a plain type
        MemorySegment bytes =
                Transposition.transposed(source.bytes(), source.rows(), source.columns(), element, scratch);
        return new StoredTensor(source.name(), source.type(), source.columns(), source.rows(), bytes);
    }

    /** Tensors that add nothing to the model: buffers, a tied head that repeats the embedding, biases of zeros. */
    private boolean isHarmless(Place place) {
        String name = names.inMemory(place.entry().name());
        if (names.isBuffer(name)) {
            return true;
        }
        boolean tiedHead = name.equals(WeightNames.HEAD);
        if (!tiedHead && !names.isAbsentBias(name)) {
            return false;
        }
        requireReadable(place.entry());
        if (tiedHead) {
            Place embedding = place(names.embedding());
            requireShape(place.entry(), embedding.entry().shape());
            return requireTied(place, embedding);
        }
        return isZero(stored(place, place.file().bytes(place.entry())));
    }

    private boolean requireTied(Place head, Place embedding) {
        MemorySegment expected = embedding.file().bytes(embedding.entry());
        boolean same = head.entry().dtype() == embedding.entry().dtype()
                && head.file().bytes(head.entry()).mismatch(expected) < 0;
        if (!same) {
            throw new TroupeException(path + ": '" + WeightNames.HEAD + "' differs from '" + names.embedding()
                    + "', but config.json says tie_word_embeddings: true; set it to false");
        }
        return true;
    }

    private static boolean isZero(StoredTensor stored) {
        try (TensorArena scratch = TensorArena.open("format.scratch")) {
            Tensor floats = scratch.allocate(stored.rows(), stored.columns());
            stored.read(floats.segment());
            for (long i = 0; i < floats.size(); i++) {
                if (floats.get(i) != 0) {
                    return false;
                }
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

    private void requireReadable(TensorEntry entry) {
        if (!entry.dtype().readable()) {
            throw new TroupeException(path + ": tensor '" + entry.name() + "' has dtype " + entry.dtype()
                    + "; weights must be F32, F16 or BF16");
        }
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
