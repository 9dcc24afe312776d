package dev.troupe.model.format;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.durable.AtomicDirectory;
import dev.troupe.model.format.durable.DirectoryManifest;
import dev.troupe.model.format.durable.DurableFiles;
import dev.troupe.model.format.safetensors.SafetensorsWriter;
import dev.troupe.model.format.safetensors.TensorDtype;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tokenizer.TokenizerJson;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Models as directories in Hugging Face's layout, with several weight files where one would be too large. */
final class DirectoryExport {
    /** Where transformers begins another file. */
    static final long MOST_FILE_BYTES = 5_000_000_000L;

    private DirectoryExport() {}

    static void write(OpenModel model, Path to, @Nullable StorageType type) throws IOException {
        write(model, to, type, MOST_FILE_BYTES);
    }

    static void write(OpenModel model, Path to, @Nullable StorageType type, long mostFileBytes) throws IOException {
        ModelConfig config = model.config();
        String json = HfConfig.toJson(config, model.tokenizer()); // refuses what it has no words for, before any work
        AtomicDirectory.publish(DurableFiles.LOCAL, to, out -> {
            out.write(HfConfig.FILE_NAME, ModelDirectory.utf8(json));
            out.write(TokenizerJson.FILE_NAME, ModelDirectory.utf8(TokenizerJson.toJson(model.tokenizer())));
            out.write(
                    DirectoryTemplates.CONFIG,
                    ModelDirectory.utf8(TokenizerFiles.tokenizerConfig(config, model.tokenizer(), model.templates())));
            out.write(
                    GenerationConfig.FILE_NAME,
                    ModelDirectory.utf8(GenerationConfig.toJson(model.tokenizer(), model.sampling())));
            writeWeights(out, entries(model, type), mostFileBytes);
            DirectoryManifest.write(out);
        });
    }

    private static List<SafetensorsWriter.Entry> entries(OpenModel model, @Nullable StorageType type) {
        WeightNames names = new WeightNames(model.config());
        List<SafetensorsWriter.Entry> entries = new ArrayList<>();
        for (ParameterSpec spec : ParameterLayout.of(model.config()).specs()) {
            StorageType target = target(model, spec, type);
            RowsContent rows = new RowsContent(
                    scratch -> model.weights().get(spec.name(), scratch), target, IntUnaryOperator.identity());
            entries.add(new SafetensorsWriter.Entry(
                    names.inFile(spec.name()),
                    TensorDtype.valueOf(target.name()),
                    names.shapeInFile(spec),
                    names.isTransposed(spec) ? new TransposedContent(rows, spec.shape()) : rows));
        }
        return entries;
    }

    private static StorageType target(OpenModel model, ParameterSpec spec, @Nullable StorageType wanted) {
        StorageType stored = model.weights().type(spec.name());
        StorageType type = wanted == null ? stored : wanted;
        return type.blockElements() > 1 ? StorageType.F32 : type;
    }

    private static void writeWeights(AtomicDirectory out, List<SafetensorsWriter.Entry> entries, long mostFileBytes)
            throws IOException {
        List<List<SafetensorsWriter.Entry>> files = new ArrayList<>();
        long room = 0;
        long total = 0;
        for (SafetensorsWriter.Entry entry : entries) {
            if (files.isEmpty() || entry.bytes() > room) {
                files.add(new ArrayList<>());
                room = mostFileBytes;
            }
            files.getLast().add(entry);
            room -= entry.bytes();
            total += entry.bytes();
        }
        ObjectNode index = new JsonMapper().createObjectNode();
        index.putObject("metadata").put("total_size", total);
        ObjectNode map = index.putObject("weight_map");
        for (int i = 0; i < files.size(); i++) {
            List<SafetensorsWriter.Entry> file = files.get(i);
            String name = files.size() == 1
                    ? WeightFiles.SINGLE
                    : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, files.size());
            out.write(name, channel -> SafetensorsWriter.writeEntries(channel, file, Map.of("format", "pt")));
            file.forEach(entry -> map.put(entry.name(), name));
        }
        if (files.size() > 1) {
            out.write(WeightFiles.INDEX, ModelDirectory.utf8(index.toPrettyString() + "\n"));
        }
    }
}
