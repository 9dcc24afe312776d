package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.troupe.model.TroupeException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HttpTargetTest {
    /** As a JVM whose options make it print: it fills the pipe that nobody reads any more, and would never end. */
    @Test
    void aClientThatSaysSomethingElseIsAnError() {
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            try (HttpTarget target = new HttpTarget(
                    "http://127.0.0.1:1",
                    "model",
                    new LoadRequest(Map.of()),
                    List.of("sh", "-c", "while :; do echo nonsense; done"))) {
                assertThatThrownBy(() -> target.answer(List.of(List.of(1)), new LoadTarget.Arrivals.Closed(1), 1))
                        .isInstanceOf(TroupeException.class)
                        .hasMessageContaining("nonsense");
            }
        });
    }
}
