package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench serve} as a command: the object that it prints has each level under each load, and what is added. */
class ServeBenchIT {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final List<String> QUANTILES = List.of("p50", "p95", "p99");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    private static void assertQuantiles(JsonNode row, String name, double least) {
        double before = least;
        for (String quantile : QUANTILES) {
            JsonNode value = row.at("/" + name + "/" + quantile);
            assertThat(value.isNumber()).as("%s of %s", quantile, name).isTrue();
            assertThat(value.doubleValue()).as("%s of %s", quantile, name).isGreaterThanOrEqualTo(before);
            before = value.doubleValue();
        }
    }

    private static List<JsonNode> list(JsonNode array) {
        List<JsonNode> list = new ArrayList<>();
        array.forEach(list::add);
        return list;
    }

    private static String load(JsonNode row) {
        String load = row.path("streams").asInt() > 0 ? row.path("streams").asText() : "open";
        return row.path("level").asText() + " " + load
                + (row.path("sharedPrefix").asBoolean() ? " shared" : "");
    }

    @Test
    void printsEveryLevelUnderEveryLoad() {
        Tokenizer tokenizer =
                BpeTrainer.train(List.of("what is measured is printed"), 280, List.of(BpeTrainer.END_OF_TEXT), 1);
        Path model = dir.resolve("model");
        RandomModelServer.write(model, tokenizer, 1024);
        JsonNode report = TroupeProcess.run(
                        dir,
                        PATIENCE,
                        "bench",
                        "serve",
                        "--model",
                        model.toString(),
                        "--draft-model", // the model itself: each guess holds
                        model.toString(),
                        "--streams",
                        "1,3",
                        "--prompt",
                        "24",
                        "--answer",
                        "8",
                        "--answers",
                        "1",
                        "--minutes",
                        "0.1",
                        "--warm-up",
                        "0",
                        "--json")
                .expectExit(0)
                .json();
        List<String> loads = new ArrayList<>();
        for (String shared : List.of("", " shared")) {
            for (String load : List.of("1", "3", "open")) {
                for (String level : List.of("engine", "router", "http")) {
                    loads.add(level + " " + load + shared);
                }
            }
        }
        assertThat(list(report.path("rows")).stream().map(ServeBenchIT::load))
                .containsExactlyInAnyOrderElementsOf(loads);
        for (JsonNode row : report.path("rows")) {
            assertThat(row.path("tokensPerSecond").asDouble()).isPositive();
            assertQuantiles(row, "firstTokenMillis", 1e-6);
            assertQuantiles(row, "tokenMillis", 0); // tokens of so small a model leave together
        }
        List<JsonNode> ofHttp = list(report.path("overheads")).stream()
                .filter(over -> over.path("level").asText().equals("http")
                        && over.path("beside").asText().equals("engine"))
                .toList();
        assertThat(ofHttp).hasSize(6).allSatisfy(over -> {
            assertThat(over.path("tokensPerSecondRatio").asDouble()).isPositive();
            for (String quantile : QUANTILES) {
                assertThat(over.at("/aroundFirstTokenMillis/" + quantile).isNumber())
                        .isTrue();
                assertThat(over.at("/addedFirstTokenMillis/" + quantile).isNumber())
                        .isTrue();
            }
        });
        assertThat(report.at("/prefix/sharedTokens").asInt()).isEqualTo(512);
        JsonNode guessing = report.path("speculation");
        assertThat(guessing.path("same").asBoolean()).isTrue();
        assertThat(guessing.path("numAccepted").asInt())
                .isPositive()
                .isEqualTo(guessing.path("numDrafted").asInt());
        assertThat(report.at("/memory/peakResidentBytes").asLong())
                .isGreaterThan(report.at("/memory/fileBytes").asLong());
    }
}
