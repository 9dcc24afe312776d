package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.model.TroupeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** The load runs on a published model, on the engine and over HTTP; figures are not judged, answers are. */
class ServeBenchTest {
    private static final ServeBench.Load LOAD = new ServeBench.Load(List.of(1, 3), 40, 10, 1, true);

    private static Optional<Path> model() {
        String set = System.getProperty("troupe.shared", System.getenv().getOrDefault("TROUPE_SHARED", ""));
        if (!set.isEmpty()) {
            return Optional.of(Path.of(set, "models", "tinystories-656K"));
        }
        for (Path dir = Path.of("").toAbsolutePath(); dir != null; dir = dir.getParent()) {
            Path model = dir.resolve("shared/data/models/tinystories-656K");
            if (Files.isDirectory(model)) {
                return Optional.of(model);
            }
        }
        return Optional.empty();
    }

    @Test
    void engineAndHttpAreLoadedAndGuessingChangesNothing() {
        Optional<Path> model = model().filter(Files::isDirectory);
        Assumptions.assumeTrue(model.isPresent(), "ServeBenchTest: ../shared/data/models/tinystories-656K is missing");
        ServeBench.Report report = ServeBench.run(model.orElseThrow(), ConfigFactory.empty(), LOAD);
        assertThat(report.rows())
                .extracting(row -> row.target() + row.streams() + row.sharedPrefix())
                .containsExactly(
                        "engine1false",
                        "engine3false",
                        "engine1true",
                        "engine3true",
                        "http1false",
                        "http3false",
                        "http1true",
                        "http3true");
        assertThat(report.rows()).allSatisfy(row -> {
            assertThat(row.tokensPerSecond()).isPositive();
            assertThat(row.firstTokenMillis().p50()).isPositive();
            assertThat(row.firstTokenMillis().p99())
                    .isGreaterThanOrEqualTo(row.firstTokenMillis().p50());
        });
        assertThat(report.speculation().same()).isTrue();
        assertThat(report.speculation().plainSteps() - report.speculation().steps())
                .isEqualTo((int) report.speculation().numAccepted());
        assertThat(report.prefix().sharedTokens()).isPositive();
    }

    @Test
    void aMissingModelIsNamed() {
        assertThatThrownBy(() -> ServeBench.run(Path.of("no-such-model"), ConfigFactory.empty(), LOAD))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("no-such-model");
    }
}
