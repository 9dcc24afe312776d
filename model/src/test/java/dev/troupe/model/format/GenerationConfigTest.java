package dev.troupe.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.TroupeException;
import dev.troupe.model.gguf.GgufMetadata;
import dev.troupe.model.gguf.MetadataValue;
import dev.troupe.model.sampling.SamplingDefaults;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model recommends, from one format to the other and back, and files that are wrong. */
class GenerationConfigTest {
    private static final SamplingDefaults ALL = new SamplingDefaults(0.7, 20, 0.8, 0.05, 1.1);
    /** As Qwen's are. */
    private static final String JSON = """
            {"bos_token_id": 1, "do_sample": true, "eos_token_id": [2, 3], "repetition_penalty": 1.1, "temperature": 0.7,
             "top_k": 20, "top_p": 0.8, "min_p": 0.05, "transformers_version": "4.40"}
            """;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path temp;

    private Path directory(String json) throws IOException {
        Path directory = temp.resolve("original");
        try (TensorArena arena = TensorArena.open("test")) {
            ModelDirectory.write(
                    directory,
                    TestModels.llama(),
                    TestModels.random(TestModels.llama(), arena, 1),
                    TestModels.tokenizer());
        }
        Files.writeString(directory.resolve(GenerationConfig.FILE_NAME), json);
        return directory;
    }

    private static SamplingDefaults of(Path path) {
        try (OpenModel model = ModelFiles.open(path)) {
            return model.sampling();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void recommendationsSurviveTheWayThereAndBack(boolean given) throws IOException {
        Path original = directory(given ? JSON : "{}");
        Path gguf = temp.resolve("model.gguf");
        Path copy = temp.resolve("copy.gguf");
        Path back = temp.resolve("back");
        ModelConverter.convert(original, gguf, null);
        ModelConverter.convert(gguf, copy, null);
        ModelConverter.convert(copy, back, null);
        SamplingDefaults expected = given ? ALL : SamplingDefaults.NONE;
        assertThat(List.of(of(original), of(gguf), of(copy), of(back))).containsOnly(expected);
        JsonNode written = new JsonMapper().readTree(Files.readString(back.resolve(GenerationConfig.FILE_NAME)));
        assertThat(written.has("eos_token_id")).isTrue();
        assertThat(written.path("do_sample").asBoolean()).isEqualTo(given);
        assertThat(written.path("temperature").isMissingNode()).isEqualTo(!given);
        assertThat(written.path("temperature").asText()).isEqualTo(given ? "0.7" : "");
        assertThat(written.path("top_k").isInt()).isEqualTo(given);
    }

    @Test
    void aDirectoryWithoutTheFileRecommendsNothing() throws IOException {
        Path original = directory(JSON);
        Files.delete(original.resolve(GenerationConfig.FILE_NAME));
        assertThat(of(original)).isEqualTo(SamplingDefaults.NONE);
    }

    @Test
    void nullAndMinusOneMeanNone() throws IOException {
        assertThat(of(directory("{\"temperature\": null, \"top_k\": -1}"))).isEqualTo(SamplingDefaults.NONE);
        GgufMetadata metadata = new GgufMetadata("f", Map.of("general.sampling.top_k", MetadataValue.int32(-1)));
        assertThat(GenerationConfig.read(temp, metadata)).isEqualTo(SamplingDefaults.NONE);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"temperature": "warm"}    | temperature must be a number from 0.0 to 2.0
            {"temperature": -0.5}      | temperature must be a number from 0.0 to 2.0
            {"top_k": -2}              | top_k must be a number from -1.0
            {"top_p": 1.5}             | top_p must be a number from 0.0 to 1.0
            {"min_p": [1]}             | min_p must be a number from 0.0 to 1.0
            {"repetition_penalty": 0}  | repetition_penalty must be a number from 0.01 to 100.0
            """)
    void whatIsWrongIsNamed(String json, String problem) throws IOException {
        Path original = directory(json);
        assertThatThrownBy(() -> ModelFiles.open(original))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(GenerationConfig.FILE_NAME)
                .hasMessageContaining(problem)
                .hasMessageContaining("correct or remove it");
    }

    @Test
    void whatIsWrongInAGgufFileIsNamed() {
        GgufMetadata metadata = new GgufMetadata("f", Map.of("general.sampling.temp", MetadataValue.text("warm")));
        assertThatThrownBy(() -> GenerationConfig.read(Path.of("f.gguf"), metadata))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("f.gguf: general.sampling.temp must be a number from 0.0 to 2.0");
    }
}
