package dev.troupe.model.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.SyllableVocabulary;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.Parameters;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files with random weights open as models, with the weights that inference is measured on. */
class RandomModelTest {
    private static final InferenceShape TINY = InferenceShape.named("tiny");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @ParameterizedTest
    @EnumSource
    void aFileOpensAsTheShape(StorageType type) {
        Path file = dir.resolve("model.gguf");
        long parameters = RandomModel.write(TINY, type, 0, file);
        try (OpenModel model = ModelFiles.open(file);
                TensorArena arena = TensorArena.open("test");
                RandomWeights drawn = new RandomWeights(TINY.config())) {
            ModelConfig config = model.config();
            assertThat(config.numLayers()).isEqualTo(TINY.layers());
            assertThat(config.vocabSize()).isEqualTo(TINY.vocab());
            assertThat(config.tiedEmbeddings()).isTrue();
            assertThat(model.tokenizer().vocabSize()).isEqualTo(TINY.vocab());
            assertThat(model.tokenizer().endOfText()).isEqualTo(TINY.vocab() - 1);
            Parameters read = model.parameters(arena);
            assertThat(read.layout().size()).isEqualTo(parameters);
            // A step of four bits is an eighth of the range.
            float tolerance = type == StorageType.F32 ? 0 : 0.07f / 8;
            for (String name : new String[] {"self_attn.k_proj", "mlp.down_proj", "input_layernorm"}) {
                String full = "model.layers.1." + name + ".weight";
                Tensor expected = drawn.layer(1).get(full);
                Tensor found = read.get(full);
                for (long i = 0; i < expected.size(); i++) {
                    assertThat(Math.abs(found.get(i) - expected.get(i)))
                            .as("%s, %d", full, i)
                            .isLessThanOrEqualTo(tolerance);
                }
            }
        }
        assertThat(NativeMemory.bytes("format.scratch")).isZero();
    }

    @Test
    void theSeedDecides() throws Exception {
        for (int i = 0; i < 3; i++) {
            RandomModel.write(TINY, StorageType.Q8_0, i / 2, dir.resolve(i + ".gguf"));
        }
        byte[] first = Files.readAllBytes(dir.resolve("0.gguf"));
        assertThat(Arrays.equals(first, Files.readAllBytes(dir.resolve("1.gguf"))))
                .isTrue();
        assertThat(Arrays.equals(first, Files.readAllBytes(dir.resolve("2.gguf"))))
                .isFalse();
        assertThatThrownBy(() -> RandomModel.write(TINY, StorageType.Q8_0, 0, dir.resolve("0.gguf")))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("exists");
    }

    @ParameterizedTest
    @ValueSource(ints = {257, 258, 512, 49_152, 151_936})
    void aVocabularyHasItsSizeAndLosesNothing(int size) {
        Tokenizer tokenizer = SyllableVocabulary.of(size);
        assertThat(tokenizer.vocabSize()).isEqualTo(size);
        assertThat(tokenizer.tokenBytes(size - 1)).isEmpty();
        String text = "The cat sees größe 日本😀,\n  and runs.";
        int[] ids = tokenizer.encode(text);
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        assertThat(ids.length).isLessThanOrEqualTo(size < 1000 ? bytes : bytes * 3 / 4);
        for (int id = 256; id < size - 1; id += 97) {
            assertThat(tokenizer.encode(tokenizer.tokenBytes(id)))
                    .as("token %d", id)
                    .containsExactly(id);
        }
    }
}
