package dev.troupe.deploy.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ProgressDisplayTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void describesAStep() {
        assertThat(progress(120, 2000).describe())
                .isEqualTo("step 120/2000  loss 2.346  val 2.401 (shadow 2.510)  25.1k tokens/s  eta 1m 12s");
    }

    @Test
    void plainDisplayKeepsQuietBetweenLinesButShowsTheFirstAndTheLast() {
        PlainDisplay display = new PlainDisplay(out);
        display.stage("Training");
        for (int step = 1; step <= 100; step++) {
            display.training(progress(step, 100));
        }
        assertThat(bytes.toString(StandardCharsets.UTF_8).lines())
                .hasSize(3)
                .anyMatch(line -> line.contains("step 1/100"))
                .anyMatch(line -> line.contains("step 100/100"));
    }

    @Test
    void terminalBarFillsUpAndIsDrawnOverItself() {
        assertThat(TerminalDisplay.bar(0)).isEqualTo("│" + " ".repeat(24) + "│");
        assertThat(TerminalDisplay.bar(1)).isEqualTo("│" + "█".repeat(24) + "│");
        assertThat(TerminalDisplay.bar(0.5)).hasSize(26).contains("█".repeat(12));
        TerminalDisplay display = new TerminalDisplay(out);
        display.training(progress(100, 100));
        display.note("after");
        String text = bytes.toString(StandardCharsets.UTF_8);
        assertThat(text).startsWith("\r").contains("step 100/100").endsWith("   after" + System.lineSeparator());
        assertThat(text.split("\n")).hasSize(2);
    }

    private static TrainingProgress progress(long step, long total) {
        return new TrainingProgress(
                step, total, 2.3456, OptionalDouble.of(2.4012), OptionalDouble.of(2.51), 25_100, 72);
    }
}
