package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** The load runs on a published model, at every level; figures are not judged, answers are. */
class ServeBenchTest {
    private static final ServeLevels.Load LOAD =
            new ServeLevels.Load(List.of(1, 3), 40, 10, 1, 2, 4, 5, List.of(20.0), 0.7, List.of(false, true), 0.1);

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
    void allLevelsAreLoadedAndGuessingChangesNothing() throws IOException {
        Optional<Path> model = model().filter(Files::isDirectory);
        Assumptions.assumeTrue(model.isPresent(), "ServeBenchTest: ../shared/data/models/tinystories-656K is missing");
        ServeBench.Report report =
                ServeBench.run(model.orElseThrow(), ConfigFactory.empty(), LOAD, Set.copyOf(ServeBench.LEVELS));
        assertThat(report.rows())
                .extracting(row -> row.level() + row.streams() + row.sharedPrefix())
                .containsExactlyElementsOf(
                        Stream.of("1false", "3false", "0false", "0false", "1true", "3true", "0true", "0true")
                                .flatMap(load -> ServeBench.LEVELS.stream().map(level -> level + load))
                                .toList());
        assertThat(report.overheads())
                .extracting(over -> over.level() + " beside " + over.beside())
                .containsOnly(
                        "socket beside engine",
                        "replica beside engine",
                        "router beside engine",
                        "router beside replica",
                        "http beside engine",
                        "http beside socket",
                        "http beside replica",
                        "http beside router");
        assertThat(report.overheads()).hasSize(8 * 8).allSatisfy(over -> {
            assertThat(over.tokensPerSecondRatio()).isPositive();
            if (!List.of("socket", "http")
                    .contains(over.level())) { // whose client's time is counted in steps of ten milliseconds
                assertThat(over.clientShareOfCores()).isZero();
            }
        });
        assertThat(report.rows()).allSatisfy(row -> {
            // A stream alone gets more rounds than the least, until there are four answers.
            assertThat(row.answers()).isEqualTo(row.streams() == 1 ? 4 : 6);
            assertThat(row.gaps()).isEqualTo(9 * row.answers());
            assertThat(row.gapMillis().p99()).isGreaterThan(row.gapMillis().p50());
            assertThat(row.tokensPerSecond()).isPositive();
            assertThat(row.firstTokenMillis().p50()).isPositive();
            assertThat(row.firstTokenMillis().p99())
                    .isGreaterThanOrEqualTo(row.firstTokenMillis().p50());
            assertThat(row.aroundFirstTokenMillis().p50()).isPositive();
            assertThat(row.steps().idleShare()).isBetween(0.0, 1.0);
            assertThat(row.steps().stepMillis()).isPositive();
            assertThat(row.stolen().share()).isBetween(0.0, 1.0);
            assertThat(row.stolen().millisecond().p50()).isGreaterThanOrEqualTo(1);
            // An answer has a step for its prompt and each token; more than one is in a step where streams are.
            assertThat(row.steps().tokensPerStep()).isBetween(0.9, 3.0);
            assertThat(row.aroundFirstTokenMillis().p99())
                    .isLessThan(row.firstTokenMillis().p99());
        });
        checkRates(report.rows());
        assertThat(report.speculation().same()).isTrue();
        assertThat(report.speculation().plainSteps() - report.speculation().steps())
                .isEqualTo((int) report.speculation().numAccepted());
        assertThat(report.prefix().sharedTokens()).isPositive();
        MemoryUse memory = report.memory();
        assertThat(memory.fileBytes()).isEqualTo(Files.size(model.orElseThrow().resolve("model.safetensors")));
        assertThat(memory.allowedBytes()).isEqualTo(Math.round(1.15 * memory.fileBytes()) + memory.kvCacheBytes());
        assertThat(memory.peakResidentBytes()).isGreaterThan(memory.fileBytes());
    }

    /** Of open loops one has its own rate, one 70 % of what three streams reached over HTTP, with the same prompts. */
    private static void checkRates(List<ServeLevels.Row> rows) {
        for (boolean shared : LOAD.prefixes()) {
            double closed = rows.stream()
                    .filter(row -> row.level().equals("http") && row.streams() == 3 && row.sharedPrefix() == shared)
                    .mapToDouble(row -> row.tokensPerSecond() / LOAD.numAnswer())
                    .sum();
            assertThat(rows.stream()
                            .filter(row -> row.streams() == 0 && row.sharedPrefix() == shared)
                            .map(ServeLevels.Row::requestsPerSecond)
                            .distinct())
                    .containsExactly(20.0, 0.7 * closed);
        }
    }

    @Test
    void timeThatIsOverLeavesTheLeastRounds() {
        Optional<Path> model = model().filter(Files::isDirectory);
        Assumptions.assumeTrue(model.isPresent(), "ServeBenchTest: ../shared/data/models/tinystories-656K is missing");
        ServeLevels.Load load =
                new ServeLevels.Load(List.of(2), 16, 4, 1, 3, 10_000, 0.001, List.of(), 0, List.of(false), 0);
        ServeBench.Report report = ServeBench.run(model.orElseThrow(), ConfigFactory.empty(), load, Set.of("engine"));
        assertThat(report.rows())
                .singleElement()
                .extracting(ServeLevels.Row::answers)
                .isEqualTo(3 * 2);
    }

    @Test
    void aMissingModelIsNamed() {
        assertThatThrownBy(() -> ServeBench.run(
                        Path.of("no-such-model"), ConfigFactory.empty(), LOAD, Set.copyOf(ServeBench.LEVELS)))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("no-such-model");
    }
}
