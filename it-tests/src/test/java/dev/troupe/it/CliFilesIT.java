package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tokenizer.BpeTrainer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code convert}, {@code quantize} and {@code inspect} as whole processes, on published models and on broken files.
 * What comes of it is looked at in this process.
 */
class CliFilesIT {
    private static final Duration TIMEOUT = Duration.ofMinutes(1);
    private static final String TOKENS = "40";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    private TroupeProcess.Result troupe(String... args) {
        return TroupeProcess.run(dir, TIMEOUT, args);
    }

    private void convert(Path from, String to, String... more) {
        List<String> args = new ArrayList<>(List.of("convert", from.toString(), to));
        args.addAll(List.of(more));
        TroupeProcess.Result result = troupe(args.toArray(String[]::new)).expectExit(0);
        assertThat(result.stdout()).contains(" -> " + to);
    }

    private static String[] inspect(Path model) {
        return new String[] {"inspect", model.toString(), "--json"};
    }

    private static JsonNode facts(Path model) {
        return TroupeProcess.here(inspect(model)).expectExit(0).json();
    }

    private static String[] generate(Path model) {
        return new String[] {
            "generate",
            "--model",
            model.toString(),
            "--prompt",
            "Once upon a time",
            "--temperature",
            "0",
            "--max-tokens",
            TOKENS,
            "--json"
        };
    }

    /** Token ids that the model continues with, most likely first. */
    private static JsonNode greedy(Path model) {
        return ids(TroupeProcess.here(generate(model)));
    }

    private static JsonNode ids(TroupeProcess.Result generated) {
        JsonNode result = generated.expectExit(0).json();
        assertThat(result.path("completionTokens").asInt()).isEqualTo(Integer.parseInt(TOKENS));
        return result.path("ids");
    }

    @Test
    void ggufToDirectoryAndBackContinuesTheSame() throws IOException {
        Path original = GoldenModels.find("stories260K/stories260K-F32.gguf");
        convert(original, "folder");
        convert(dir.resolve("folder"), "again.gguf");
        JsonNode ids = ids(troupe(generate(original)));
        assertThat(greedy(dir.resolve("folder"))).isEqualTo(ids);
        assertThat(greedy(dir.resolve("again.gguf"))).isEqualTo(ids);

        JsonNode before = troupe(inspect(original)).expectExit(0).json();
        JsonNode after = facts(dir.resolve("again.gguf"));
        assertThat(after.path("architecture").asText()).isEqualTo("llama");
        for (String fact :
                List.of("parameters", "bytesByType", "layers", "dim", "kvHeads", "contextLength", "tokens")) {
            assertThat(after.path(fact)).as(fact).isEqualTo(before.path(fact));
        }
        // What is there is never written over.
        refused("folder exists", "convert", original.toString(), "folder");
        refused("again.gguf exists", "quantize", original.toString(), "again.gguf", "--type", "q8_0");
        assertThat(partialFiles()).isEmpty();
    }

    @Test
    void directoryToGgufAndBackAndInFewerBits() throws IOException {
        Path original = GoldenModels.find("tinystories-656K");
        convert(original, "model.gguf");
        convert(dir.resolve("model.gguf"), "back");
        JsonNode ids = ids(troupe(generate(original)));
        assertThat(greedy(dir.resolve("model.gguf"))).isEqualTo(ids);
        assertThat(greedy(dir.resolve("back"))).isEqualTo(ids);

        Files.writeString(dir.resolve("back/generation_config.json"), "{\"temperature\": 0.6, \"top_k\": 40}");
        convert(dir.resolve("back"), "recommended.gguf");
        for (String path : List.of("back", "recommended.gguf")) {
            JsonNode recommended = facts(dir.resolve(path)).path("samplingDefaults");
            assertThat(recommended.path("temperature").asDouble()).isEqualTo(0.6);
            assertThat(recommended.path("topK").asInt()).isEqualTo(40);
        }

        long full = facts(original).path("weightBytes").asLong();
        long smallest = full;
        for (String type : List.of("q8_0", "q4_0", "q4_k")) {
            String to = "model-" + type + ".gguf";
            troupe("quantize", original.toString(), to, "--type", type).expectExit(0);
            JsonNode facts = facts(dir.resolve(to));
            // Rows of 128 numbers hold no block of 256: those of q4_k are stored as q8_0 then, as the help says.
            String stored = type.equals("q4_k") ? "q8_0" : type;
            assertThat(facts.path("bytesByType").path(stored).asLong()).as(type).isPositive();
            long bytes = facts.path("weightBytes").asLong();
            assertThat(bytes).as(type).isLessThan(full / 3);
            smallest = Math.min(smallest, bytes);
            JsonNode quantized = greedy(dir.resolve(to));
            if (stored.equals("q8_0")) {
                // Eight bits change no choice among the first tokens; four do.
                assertThat(quantized.get(0)).isEqualTo(ids.get(0));
                assertThat(quantized.get(4)).isEqualTo(ids.get(4));
            }
        }
        assertThat(smallest).isLessThan(full / 5);
    }

    /** Rows of whole blocks of 256 numbers: a file in q4_k, whose answers are those of weights rounded while loaded. */
    @Test
    void fourBitsInBlocksOfBlocks() throws IOException {
        ModelConfig config = RandomModelServer.llama(300, 256, 2, 4, 2, 512, 128);
        Path original = dir.resolve("random");
        RandomModelServer.write(
                original,
                config,
                3,
                BpeTrainer.train(List.of("Once upon a time"), 262, List.of(BpeTrainer.END_OF_TEXT), 1));
        Path four = dir.resolve("four.gguf");
        troupe("quantize", original.toString(), four.toString(), "--type", "q4_k")
                .expectExit(0);
        assertInspected(original);
        JsonNode bytes = facts(four).path("bytesByType");
        long matrices = config.vocabSize() * 256L + 2 * (256 * 256 * 2 + 256 * 128 * 2 + 256 * 512 * 3);
        assertThat(bytes.path("q4_k").asLong()).isEqualTo(matrices * 144 / 256);
        List<String> rounding = new ArrayList<>(List.of(generate(original)));
        rounding.addAll(List.of("--weights", "q4_k"));
        assertThat(greedy(four)).isEqualTo(ids(TroupeProcess.here(rounding.toArray(String[]::new))));
    }

    /** Keys and values of 2 layers with 2 heads of 64 float32 numbers, and the same for people. */
    private static void assertInspected(Path model) {
        JsonNode facts = facts(model);
        assertThat(facts.path("kvBytesPerToken").asInt()).isEqualTo(2 * 2 * 2 * 64 * Float.BYTES);
        assertThat(facts.path("kvBytesOfContext").asInt()).isEqualTo(128 * 2 * 2 * 2 * 64 * Float.BYTES);
        assertThat(facts.path("weightBytes").asLong())
                .isCloseTo(
                        facts.at("/bytesByType/f32").asLong(),
                        withinPercentage(5)); // tied: the table is the head, and laid out
        assertThat(TroupeProcess.here("inspect", model.toString()).expectExit(0).stdout())
                .contains("2 layers, width 256, 4 heads of 64 (2 of keys and values), feed-forward 512")
                .contains("stored as f32")
                .contains("128 tokens")
                .contains("2.0 kB a token of keys and values, 0.3 MB for a whole context");
    }

    @Test
    void aModelForMeasurementsIsMadeAndServed() throws IOException {
        troupe("bench", "model", "--shape", "tiny", "--type", "q8_0", "--out", "tiny.gguf")
                .expectExit(0);
        Path made = dir.resolve("tiny.gguf");
        JsonNode facts = facts(made);
        assertThat(facts.path("layers").asInt()).isEqualTo(2);
        assertThat(facts.path("tokens").asInt()).isEqualTo(512);
        assertThat(facts.path("bytesByType").path("q8_0").asLong()).isPositive();
        JsonNode ids = greedy(made);
        assertThat(ids).isNotEmpty();
        String[] same = {
            "bench",
            "model",
            "--shape",
            "tiny",
            "--out",
            dir.resolve("same.gguf").toString()
        };
        TroupeProcess.here(same).expectExit(0);
        assertThat(dir.resolve("same.gguf")).hasSameBinaryContentAs(made);
        refused("tiny.gguf exists", "bench", "model", "--shape", "tiny", "--out", "tiny.gguf");
        refused("135m", "bench", "model", "--shape", "7b", "--out", "other.gguf");
        assertThat(partialFiles()).isEmpty();
    }

    @Test
    void brokenFilesAndWrongRequestsAreNamed() throws IOException {
        Path gguf = GoldenModels.find("stories260K/stories260K-F32.gguf");
        Path safetensors = GoldenModels.find("tinystories-656K");
        byte[] whole = Files.readAllBytes(gguf);
        Files.write(dir.resolve("cut.gguf"), Arrays.copyOf(whole, whole.length / 2));
        byte[] magic = whole.clone();
        magic[0] = 'X';
        Files.write(dir.resolve("magic.gguf"), magic);
        Files.createFile(dir.resolve("empty.gguf"));
        Path cut = Files.createDirectory(dir.resolve("cut"));
        try (Stream<Path> files = Files.list(safetensors)) {
            for (Path file : files.toList()) {
                Files.copy(file, cut.resolve(file.getFileName().toString()));
            }
        }
        Path weights = cut.resolve("model.safetensors");
        assertThat(weights.toFile().setWritable(true)).isTrue();
        try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
            file.setLength(file.length() - 1000);
        }
        Path noWeights = Files.createDirectory(dir.resolve("no-weights"));
        Files.copy(safetensors.resolve("config.json"), noWeights.resolve("config.json"));
        Files.writeString(dir.resolve("text.txt"), "no model", StandardCharsets.UTF_8);

        refused("cut.gguf", "inspect", "cut.gguf");
        refused("cut.gguf", "convert", "cut.gguf", "out");
        refused("cut.gguf", "up", "--model", "cut.gguf", "--dir", "r", "--http-port", "0", "--grpc-port", "0");
        refused("magic.gguf", "inspect", "magic.gguf", "--json");
        refused("empty.gguf", "quantize", "empty.gguf", "out.gguf", "--type", "q8_0");
        refused("model.safetensors", "inspect", "cut");
        refused("model.safetensors", "convert", "cut", "out.gguf");
        refused("no-weights", "quantize", "no-weights", "out.gguf", "--type", "q4_0");
        refused("text.txt", "inspect", "text.txt");
        refused("nowhere.gguf", "convert", "nowhere.gguf", "out");
        refused("q5_9", "quantize", gguf.toString(), "out.gguf", "--type", "q5_9");
        refused("stored", "quantize", gguf.toString(), "out.gguf", "--type", "stored");
        refused(".gguf", "quantize", gguf.toString(), "out", "--type", "q8_0");
        refused("q8_0", "convert", gguf.toString(), "out", "--type", "q8_0");
        refused("--type", "quantize", gguf.toString(), "out.gguf");
        assertThat(dir.resolve("out")).doesNotExist();
        assertThat(dir.resolve("out.gguf")).doesNotExist();
        assertThat(partialFiles()).isEmpty();
    }

    private List<Path> partialFiles() throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            return files.filter(file -> file.getFileName().toString().startsWith("."))
                    .toList();
        }
    }

    private void refused(String named, String... args) {
        TroupeProcess.refused(dir, List.of(named), args);
    }
}
