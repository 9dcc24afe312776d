package dev.troupe.model.format;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.gguf.GgufFile;
import dev.troupe.model.gguf.GgufTensor;
import dev.troupe.model.gguf.GgufWriter;
import dev.troupe.model.gguf.MetadataValue;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.GgufVocabularyWriter;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.ServedWeights;
import dev.troupe.model.transformer.StoredTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Models as GGUF files. Matrices get the type that is asked for, as {@code serving.weights} would round them; norms,
 * biases and learned positions are float32, as llama.cpp wants them.
 */
final class GgufExport {
    private static final String FILE_TYPE = "general.file_type";
    private static final String QUANTIZATION_VERSION = "general.quantization_version";
    private static final int CURRENT_QUANTIZATION = 2; // of ggml's block layouts
    private static final String POSITIONS = "position_embd.weight";

    private GgufExport() {}

    /** Another model, of a directory. */
    static void write(OpenModel model, @Nullable StorageType type, WritableByteChannel out) throws IOException {
        ModelConfig config = model.config();
        Map<String, MetadataValue> metadata = new LinkedHashMap<>(GgufConfig.write(config));
        metadata.put("general.name", MetadataValue.text(name(model)));
        putFileType(metadata, type == null ? mostBytes(model) : type);
        metadata.putAll(GgufVocabularyWriter.write(model.tokenizer(), config.vocabSize()));
        metadata.putAll(GgufTemplates.toMetadata(model.templates()));
        metadata.putAll(GenerationConfig.toMetadata(model.sampling()));
        List<GgufWriter.Entry> tensors = new ArrayList<>();
        Map<String, String> names = GgufNames.of(config);
        for (ParameterSpec spec : ParameterLayout.of(config).specs()) {
            String inFile = names.getOrDefault(spec.name(), spec.name());
            tensors.add(tensor(model, spec, inFile, type));
            if (inFile.equals(GgufConfig.EMBEDDING) && GgufConfig.repeatsEmbedding(config)) {
                tensors.add(tensor(model, spec, GgufConfig.HEAD, type));
            }
        }
        List<Float> divisors = GgufConfig.divisors(config);
        if (!divisors.isEmpty()) {
            tensors.add(divisors(divisors));
        }
        GgufWriter.write(out, metadata, tensors);
    }

    private static String name(OpenModel model) {
        return String.valueOf(model.path().toAbsolutePath().normalize().getFileName());
    }

    private static StorageType mostBytes(OpenModel model) {
        return model.bytesByType().entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
    }

    private static GgufWriter.Entry tensor(
            OpenModel model, ParameterSpec spec, String inFile, @Nullable StorageType type) {
        boolean matrix = spec.shape().size() == 2 && !inFile.equals(POSITIONS);
        StorageType stored = model.weights().type(spec.name());
        StorageType target = matrix ? target(type, stored, spec.shape().getLast()) : StorageType.F32;
        boolean reordered = GgufNames.reorderedHeads(model.config(), spec.name()) > 0;
        int headDim = model.config().headDim();
        if (!matrix && reordered) {
            return new GgufWriter.Entry(
                    inFile, target, spec.shape(), sink -> sink.write(reorderedBias(model, spec, headDim)));
        }
        IntUnaryOperator order = reordered ? row -> GgufNames.rowInMemory(row, headDim) : IntUnaryOperator.identity();
        return new GgufWriter.Entry(
                inFile,
                target,
                spec.shape(),
                new RowsContent(scratch -> model.weights().get(spec.name(), scratch), target, order));
    }

    private static MemorySegment reorderedBias(OpenModel model, ParameterSpec spec, int headDim) {
        float[] inMemory = new float[spec.shape().getFirst()];
        try (TensorArena scratch = TensorArena.open("format.scratch")) {
            model.weights().get(spec.name(), scratch).readRow(0, MemorySegment.ofArray(inMemory));
        }
        float[] inFile = new float[inMemory.length];
        for (int row = 0; row < inFile.length; row++) {
            inFile[row] = inMemory[GgufNames.rowInMemory(row, headDim)];
        }
        return MemorySegment.ofArray(inFile);
    }

    private static StorageType target(@Nullable StorageType wanted, StorageType stored, int columns) {
        return wanted == null ? stored : ServedWeights.fitting(wanted, columns);
    }

    private static GgufWriter.Entry divisors(List<Float> divisors) {
        float[] numbers = new float[divisors.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = divisors.get(i);
        }
        return new GgufWriter.Entry(
                GgufConfig.ROPE_DIVISORS,
                StorageType.F32,
                List.of(numbers.length),
                sink -> sink.write(MemorySegment.ofArray(numbers)));
    }

    /** A file with its matrices in another type and everything else as it is. */
    static void write(GgufFile file, @Nullable StorageType type, WritableByteChannel out) throws IOException {
        Map<String, MetadataValue> metadata =
                new LinkedHashMap<>(file.metadata().entries());
        if (type != null) {
            putFileType(metadata, type);
        }
        List<GgufWriter.Entry> tensors = new ArrayList<>();
        for (GgufTensor tensor : file.tensors().values()) {
            boolean matrix = tensor.shape().size() == 2 && !tensor.name().equals(POSITIONS);
            int columns = tensor.shape().getLast();
            StorageType target = matrix ? target(type, tensor.type(), columns) : tensor.type();
            StoredTensor stored = new StoredTensor(
                    file.path() + ": tensor '" + tensor.name() + "'",
                    tensor.type(),
                    Math.toIntExact(tensor.size() / columns),
                    columns,
                    file.data(tensor));
            tensors.add(new GgufWriter.Entry(
                    tensor.name(),
                    target,
                    tensor.shape(),
                    new RowsContent(scratch -> stored, target, IntUnaryOperator.identity())));
        }
        GgufWriter.write(out, metadata, tensors);
    }

    /** What llama.cpp calls a file whose matrices are mostly of this type (enum llama_ftype). */
    private static void putFileType(Map<String, MetadataValue> metadata, StorageType type) {
        int number = switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q8_0 -> 7;
            case Q4_K -> 15;
            case Q6_K -> 18;
            case BF16 -> 32;
        };
        metadata.put(FILE_TYPE, MetadataValue.uint32(number));
        metadata.put(QUANTIZATION_VERSION, MetadataValue.uint32(CURRENT_QUANTIZATION));
    }
}
