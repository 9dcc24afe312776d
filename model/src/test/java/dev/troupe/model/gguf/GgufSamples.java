package dev.troupe.model.gguf;

import dev.troupe.model.tensor.StorageType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** A small file with every kind of value and every type of tensor. */
final class GgufSamples {
    private GgufSamples() {}

    static Map<String, MetadataValue> metadata() {
        Map<String, MetadataValue> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", MetadataValue.text("llama"));
        metadata.put("general.alignment", MetadataValue.uint32(64));
        for (MetadataType type : MetadataType.values()) {
            switch (type) {
                case FLOAT32, FLOAT64 -> {
                    metadata.put("one." + type, new MetadataValue(type, false, List.of(-0.5)));
                    metadata.put("many." + type, new MetadataValue(type, true, List.of(1.5, -2.0, Double.NaN)));
                }
                case BOOL -> {
                    metadata.put("one." + type, MetadataValue.bool(true));
                    metadata.put("many." + type, new MetadataValue(type, true, List.of(true, false)));
                }
                case STRING -> {
                    metadata.put("one." + type, MetadataValue.text("zwölf Boxkämpfer \uD83D\uDC4D"));
                    metadata.put("many." + type, MetadataValue.texts(List.of("", "a", "\u2581the")));
                }
                case ARRAY -> metadata.put("none", new MetadataValue(MetadataType.INT16, true, List.of()));
                default -> {
                    boolean signed = type.name().startsWith("INT");
                    metadata.put("one." + type, new MetadataValue(type, false, List.of(signed ? -7L : 200L)));
                    metadata.put("many." + type, new MetadataValue(type, true, List.of(1L, 2L, 3L)));
                }
            }
        }
        return metadata;
    }

    static List<GgufWriter.Entry> tensors() {
        List<GgufWriter.Entry> tensors = new ArrayList<>();
        for (StorageType type : StorageType.values()) {
            tensors.add(tensor("matrix." + type, type, List.of(3, 256)));
        }
        tensors.add(tensor("vector", StorageType.F32, List.of(5)));
        tensors.add(tensor("cube", StorageType.F16, List.of(2, 3, 4)));
        return tensors;
    }

    private static GgufWriter.Entry tensor(String name, StorageType type, List<Integer> shape) {
        byte[] data = data(name, type, shape);
        return new GgufWriter.Entry(name, type, shape, sink -> sink.write(MemorySegment.ofArray(data)));
    }

    static byte[] data(String name, StorageType type, List<Integer> shape) {
        byte[] data = new byte[(int) new GgufTensor(name, type, shape, 0).bytes()];
        new SplittableRandom(name.hashCode()).nextBytes(data);
        return data;
    }

    static byte[] bytes() {
        return bytes(metadata(), tensors());
    }

    static byte[] bytes(Map<String, MetadataValue> metadata, List<GgufWriter.Entry> tensors) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            GgufWriter.write(Channels.newChannel(bytes), metadata, tensors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
