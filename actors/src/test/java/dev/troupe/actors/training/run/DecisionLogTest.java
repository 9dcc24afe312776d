package dev.troupe.actors.training.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecisionLogTest {
    @TempDir
    Path run;

    @Test
    void aLaterTermEndsTheOnesBefore() throws IOException {
        assertThat(DecisionLog.latest(run)).isEmpty();
        try (DecisionLog first = DecisionLog.begin(run, 0)) {
            first.append(new Decision.Led("a:1", null));
            first.append(new Decision.Ended(null, "why"));
            assertThat(DecisionLog.latest(run).orElseThrow().ended()).isEqualTo(new Decision.Ended(null, "why"));

            try (DecisionLog second = DecisionLog.begin(run, 6)) {
                assertThat(second.term()).isEqualTo(7);
                assertThat(second.fence()).isGreaterThan(first.fence() + DecisionLog.EPOCHS_OF_A_TERM - 1);
                // The one before stays the latest that is known until the new one says something.
                assertThat(DecisionLog.latest(run).orElseThrow().term()).isEqualTo(1);
                assertThatThrownBy(() -> first.append(new Decision.Ended(null, "late")))
                        .isInstanceOf(TroupeException.class)
                        .hasMessageContaining("another coordinator");
                second.append(new Decision.Led("b:1", null));
                DecisionLog.History history = DecisionLog.latest(run).orElseThrow();
                assertThat(history.term()).isEqualTo(7);
                assertThat(history.led().node()).isEqualTo("b:1");
                assertThat(history.ended()).isNull();
            }
        }
    }

    @Test
    void aLineThatACrashHasCutIsNone() throws IOException {
        try (DecisionLog log = DecisionLog.begin(run, 0)) {
            log.append(new Decision.Led("a:1", null));
        }
        Files.writeString(
                run.resolve("decisions/term-00000001.jsonl"), "{\"kind\":\"ended\",\"summ", StandardOpenOption.APPEND);
        assertThat(DecisionLog.latest(run).orElseThrow().ended()).isNull();
    }

    @Test
    void noTwoHaveTheSameTerm() {
        List<Long> terms = IntStream.range(0, 64)
                .parallel()
                .mapToObj(_ -> DecisionLog.begin(run, 0).term())
                .toList();
        assertThat(terms).doesNotHaveDuplicates().hasSize(64);
    }
}
