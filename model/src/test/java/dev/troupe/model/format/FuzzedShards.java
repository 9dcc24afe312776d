package dev.troupe.model.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.data.DataPosition;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.format.durable.DirectoryManifest;
import dev.troupe.model.format.durable.FileDigest;
import dev.troupe.model.format.durable.Sha256;
import dev.troupe.model.format.shards.ShardFiles;
import dev.troupe.model.format.shards.ShardFiles.Shard;
import dev.troupe.model.format.shards.ShardPiece;
import dev.troupe.model.format.shards.StateKind;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.TokenizerJson;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.Parameters;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A checkpoint as two ranks write it, each half of every parameter, whose checksums hold whatever is done to it. */
final class FuzzedShards {
    static final String LAST = "rank-00001.safetensors";

    private static final List<String> RANKS = List.of("rank-00000.safetensors", LAST);
    private static final String TOKENIZER = "tokenizer.json";
    private static final long STEP = 42;
    private static final JsonMapper JSON = new JsonMapper();

    private FuzzedShards() {}

    static void write(Path directory) throws IOException {
        ModelConfig config = TestModels.llama();
        Files.createDirectories(directory);
        try (TensorArena arena = TensorArena.open("test")) {
            Parameters parameters = TestModels.random(config, arena, 1);
            for (int rank = 0; rank < RANKS.size(); rank++) {
                List<Shard> shards = new ArrayList<>();
                for (ParameterSpec spec : parameters.layout().specs()) {
                    long from = spec.size() / 2 * rank;
                    long to = rank == 0 ? spec.size() / 2 : spec.size();
                    Tensor whole = parameters.get(spec.name());
                    Tensor half = Tensor.of(
                            whole.segment().asSlice(from * Float.BYTES, (to - from) * Float.BYTES), (int) (to - from));
                    for (StateKind kind : StateKind.values()) {
                        shards.add(new Shard(kind, spec.name(), new ShardPiece(spec.slice(), from, to), half));
                    }
                }
                Path file = directory.resolve(RANKS.get(rank));
                try (FileChannel out =
                        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                    ShardFiles.write(out, STEP, shards);
                }
            }
        }
        Files.writeString(directory.resolve(TOKENIZER), TokenizerJson.toWire(TestModels.tokenizer()));
        TrainingState training = new TrainingState(
                STEP, new DataPosition(STEP, 0), STEP, new LossCurve(1, List.of(), List.of()), Map.of());
        ShardedManifest manifest =
                new ShardedManifest(STEP, "2x1x1", 1, config, TOKENIZER, training, digests(directory));
        Files.write(directory.resolve(DirectoryManifest.FILE_NAME), manifest.toBytes(TestModels.tokenizer()));
    }

    private static DirectoryManifest digests(Path directory) throws IOException {
        Map<String, FileDigest> digests = new LinkedHashMap<>();
        for (String rank : RANKS) {
            digests.put(rank, Sha256.of(directory.resolve(rank)));
        }
        digests.put(TOKENIZER, Sha256.of(directory.resolve(TOKENIZER)));
        return new DirectoryManifest(digests);
    }

    /** As who changes a file on purpose would. */
    static void sign(Path directory) throws IOException {
        Path file = directory.resolve(DirectoryManifest.FILE_NAME);
        ObjectNode manifest = (ObjectNode) JSON.readTree(Files.readAllBytes(file));
        JsonNode files = digests(directory).toTree().path("files");
        manifest.set("files", files);
        Files.write(file, JSON.writeValueAsBytes(manifest));
    }
}
