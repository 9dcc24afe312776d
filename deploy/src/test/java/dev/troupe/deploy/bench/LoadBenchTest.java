package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.InferenceShape;
import dev.troupe.model.bench.RandomModel;
import dev.troupe.model.tensor.StorageType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model of random weights is loaded and answers; times are not judged. */
class LoadBenchTest {
    @TempDir
    private Path temp;

    private Path model;

    @BeforeEach
    void write() {
        model = temp.resolve("tiny.gguf");
        RandomModel.write(InferenceShape.named("tiny"), StorageType.Q8_0, 1, model);
    }

    @Test
    void theSecondLoadMapsTheLayoutsOfTheFirst() throws IOException {
        Path layouts = temp.resolve("layouts");
        Config config = ConfigFactory.parseMap(Map.of("troupe.serving.layouts", layouts.toString()));
        LoadBench.Report first = LoadBench.run(model, config, 16);
        LoadBench.Report second = LoadBench.run(model, config, 16);
        assertThat(first.loadSeconds()).containsKeys("file", "products", "weights", "kernels", "version", "layouts");
        assertThat(second.version()).isEqualTo(first.version());
        MemoryUse memory = second.memory();
        assertThat(memory.fileBytes()).isEqualTo(Files.size(model));
        assertThat(memory.peakOverFile()).isEqualTo(memory.peakResidentBytes() / (double) Files.size(model));
        try (Stream<Path> files = Files.list(layouts)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName())).filter(name -> name.endsWith(".layouts")))
                    .singleElement()
                    .asString()
                    .startsWith("tiny.gguf-");
        }
    }

    @Test
    void aPromptThatIsTooLongIsRefused() {
        assertThatThrownBy(() -> LoadBench.run(model, ConfigFactory.empty(), 1 << 20))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("--prompt");
    }
}
