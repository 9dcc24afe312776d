package dev.troupe.model.format.shards;

import dev.troupe.model.TroupeException;
import dev.troupe.model.format.safetensors.NamedTensor;
import dev.troupe.model.format.safetensors.SafetensorsFile;
import dev.troupe.model.format.safetensors.SafetensorsWriter;
import dev.troupe.model.format.safetensors.TensorDtype;
import dev.troupe.model.format.safetensors.TensorEntry;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The files that the ranks of a mesh wrote, open together: safetensors as the package describes them. Opening reads
 * headers; numbers are copied from mapped pages.
 */
public final class ShardFiles implements StateSource {
    private static final String FORMAT_KEY = "format";
    private static final String FORMAT = "troupe-shard-1";
    private static final String STEP_KEY = "step";
    private static final String PIECE_KEY = "piece.";

    private record Place(SafetensorsFile file, TensorEntry entry, ShardPiece piece) {}

    /** A tensor to be written, [number of elements of the piece]. */
    public record Shard(StateKind kind, String parameter, ShardPiece piece, Tensor elements) {}

    private final Path directory;
    private final long steps;
    private final List<SafetensorsFile> files = new ArrayList<>();
    private final Map<String, List<Place>> places = new HashMap<>(); // by the tensor's name

    private ShardFiles(Path directory, long steps) {
        this.directory = directory;
        this.steps = steps;
    }

    /** Writes one file and leaves {@code out} open. */
    public static void write(WritableByteChannel out, long steps, List<Shard> shards) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(FORMAT_KEY, FORMAT);
        metadata.put(STEP_KEY, Long.toString(steps));
        List<NamedTensor> tensors = new ArrayList<>();
        for (Shard shard : shards) {
            metadata.put(PIECE_KEY + shard.parameter(), shard.piece().toJson());
            tensors.add(NamedTensor.of(shard.kind().prefix() + shard.parameter(), shard.elements()));
        }
        SafetensorsWriter.write(out, tensors, metadata);
    }

    /**
     * Opens the files of a directory.
     *
     * @param steps that each of them must have been written after
     * @throws TroupeException naming the file that is missing, damaged or of another step
     */
    public static ShardFiles open(Path directory, List<String> names, long steps) {
        ShardFiles opened = new ShardFiles(directory, steps);
        try {
            for (String name : names) {
                opened.add(directory.resolve(name));
            }
            return opened;
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private void add(Path path) {
        SafetensorsFile file = SafetensorsFile.open(path);
        files.add(file);
        if (!FORMAT.equals(file.metadata().get(FORMAT_KEY))) {
            throw new TroupeException(path + " is not a " + FORMAT);
        }
        if (!Long.toString(steps).equals(file.metadata().get(STEP_KEY))) {
            throw new TroupeException(path + " is of step " + file.metadata().get(STEP_KEY) + ", not of " + steps);
        }
        for (TensorEntry entry : file.tensors().values()) {
            String where = path + ": tensor '" + entry.name() + "'";
            String parameter = entry.name().substring(entry.name().indexOf('.') + 1);
            ShardPiece piece = ShardPiece.parse(where, file.metadata().getOrDefault(PIECE_KEY + parameter, ""));
            if (entry.dtype() != TensorDtype.F32 || entry.size() != piece.length()) {
                throw new TroupeException(where + " is " + entry.dtype() + " " + entry.shape() + " instead of F32 ["
                        + piece.length() + "]");
            }
            places.computeIfAbsent(entry.name(), _ -> new ArrayList<>()).add(new Place(file, entry, piece));
        }
    }

    @Override
    public StoredParameter get(StateKind kind, ParameterSpec spec, TensorArena scratch) {
        String name = kind.prefix() + spec.name();
        List<StoredParameter.Source> sources = places.getOrDefault(name, List.of()).stream()
                .map(place ->
                        new StoredParameter.Source(place.piece(), place.file().bytes(place.entry())))
                .toList();
        long elements = ShardPiece.of(spec.slice()).wholeSize();
        try {
            return StoredParameter.of(name, elements, sources);
        } catch (TroupeException e) {
            throw new TroupeException(directory + ": " + e.getMessage(), e);
        }
    }

    @Override
    public long steps() {
        return steps;
    }

    @Override
    public void requireComplete(ParameterLayout whole) {
        Set<String> left = new HashSet<>(places.keySet());
        try (TensorArena scratch = TensorArena.open("format.scratch")) {
            for (ParameterSpec spec : whole.specs()) {
                for (StateKind kind : StateKind.values()) {
                    get(kind, spec, scratch);
                    left.remove(kind.prefix() + spec.name());
                }
            }
        }
        if (!left.isEmpty()) {
            throw new TroupeException(
                    directory + " has '" + left.iterator().next() + "', which its model does not have");
        }
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
