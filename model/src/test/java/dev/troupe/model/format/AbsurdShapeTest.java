package dev.troupe.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.ThreadMXBean;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Numbers that no model has are refused by file and key, before anything as large as they say is made. */
class AbsurdShapeTest {
    private static final long MOST_BYTES = 8 << 20; // of the heap, for files of some 100 kilobytes

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path temp;

    private Path directory(ModelConfig config) throws IOException {
        Path directory = temp.resolve("model");
        try (TensorArena arena = TensorArena.open("test")) {
            ModelDirectory.write(directory, config, TestModels.random(config, arena, 1), TestModels.tokenizer());
        }
        Files.delete(directory.resolve("manifest.json"));
        return directory;
    }

    @ParameterizedTest
    @CsvSource({
        "block_count, 2147483647, must be at most 16384",
        "block_count, 1000000, must be at most 16384",
        "block_count, 16384, but there are only 20 tensors",
        "embedding_length, 2147483647, must be at most",
        "feed_forward_length, 2147483647, must be at most",
        "attention.head_count, 2147483647, must be at most",
        "attention.head_count_kv, 2147483647, must be at most",
        "attention.key_length, 2147483646, must be at most",
        "context_length, 2147483647, must be at most",
    })
    void inAGgufFile(String name, int value, String problem) throws IOException {
        String key = "llama." + name;
        Path gguf = temp.resolve("model.gguf");
        ModelConverter.convert(directory(TestModels.llama()), gguf, null);
        byte[] bytes = Files.readAllBytes(gguf);
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(key);
        assertThat(at).isPositive();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at + key.length() + Integer.BYTES, value);
        assertRefused(gguf, Files.write(gguf, bytes), key, problem);
    }

    @ParameterizedTest
    @CsvSource({
        "num_hidden_layers, 2147483647, must be a whole number from 1 to 16384",
        "num_hidden_layers, 1000000, must be a whole number from 1 to 16384",
        "num_hidden_layers, 16384, set it to the number of layers that are there",
        "hidden_size, 2147483646, must be a whole number from 1 to",
        "intermediate_size, 2147483647, must be a whole number from 1 to",
        "num_attention_heads, 2147483647, must be a whole number from 1 to",
        "num_key_value_heads, 2147483647, must be a whole number from 1 to",
        "head_dim, 2147483646, must be a whole number from 1 to",
        "vocab_size, 2147483647, must be a whole number from 1 to",
        "max_position_embeddings, 2147483647, must be a whole number from 1 to",
    })
    void inALlamasDirectory(String key, int value, String problem) throws IOException {
        inADirectory(TestModels.llama(), key, value, problem);
    }

    @ParameterizedTest
    @CsvSource({
        "n_layer, 1000000, must be a whole number from 1 to 16384",
        "n_layer, 16384, set it to the number of layers that are there",
        "n_embd, 2147483644, must be a whole number from 1 to",
        "n_head, 2147483647, must be a whole number from 1 to",
        "n_inner, 2147483647, must be a whole number from 1 to",
        "n_positions, 2147483647, must be a whole number from 1 to",
    })
    void inAGpt2sDirectory(String key, int value, String problem) throws IOException {
        inADirectory(TestModels.gpt2(true), key, value, problem);
    }

    private void inADirectory(ModelConfig config, String key, int value, String problem) throws IOException {
        Path directory = directory(config);
        Path file = directory.resolve(HfConfig.FILE_NAME);
        ObjectNode root = (ObjectNode) new JsonMapper().readTree(Files.readString(file));
        assertThat(root.has(key)).isTrue();
        Files.writeString(file, root.put(key, value).toString());
        assertRefused(directory, directory, key, problem);
    }

    private static void assertRefused(Path model, Path named, String key, String problem) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        assertThatThrownBy(() -> ModelFiles.open(model))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(named.toString())
                .hasMessageContaining(key)
                .hasMessageContaining(problem);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(MOST_BYTES);
    }
}
