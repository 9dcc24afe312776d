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
    void theNextFileBeginsWithTheWholeLinesOfTheOneBeforeWhichIsWrittenNoMore() throws IOException {
        Path path = root.resolve("metrics.jsonl");
        try (MetricsFile before = MetricsFile.create(path, List.of())) {
            before.append(List.of(step(1), step(2), new MetricsLine.Evaluation(2, 2.5, 10, 0)));
            Files.writeString(path, "{\"kind\":\"step\",\"step\":1,\"lo", StandardOpenOption.APPEND);

            try (MetricsFile next = MetricsFile.create(path, MetricsFile.read(path))) {
                next.append(List.of(step(3)));
                before.append(List.of(step(3), step(4)));
            }
        }
        assertThat(MetricsFile.read(path)).extracting(MetricsLine::step).containsExactly(1L, 2L, 2L, 3L);
    }

    private static MetricsLine step(long step) {
        return new MetricsLine.Step(step, step / 3.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
}
