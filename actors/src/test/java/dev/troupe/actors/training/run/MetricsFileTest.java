package dev.troupe.actors.training.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsFileTest {
    @TempDir
    Path root;

    @Test
    void aResumeCutsWhatACrashLeftAfterTheCheckpoint() throws IOException {
        Path path = root.resolve("metrics.jsonl");
        MetricsFile file = MetricsFile.create(path);
        for (long step = 1; step <= 5; step++) {
            file.append(List.of(new MetricsLine.Step(step, step / 3.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)));
        }
        file.append(List.of(new MetricsLine.Evaluation(2, 2.5, 10, 0)));
        Files.writeString(path, "{\"kind\":\"step\",\"step\":1,\"lo", StandardOpenOption.APPEND);

        MetricsFile.resume(path, 3);
        assertThat(MetricsFile.read(path)).extracting(MetricsLine::step).containsExactly(1L, 2L, 3L, 2L);
        assertThat(MetricsFile.lastLosses(path, 2, 3)).containsExactly(2 / 3.0, 1.0);
    }
}
