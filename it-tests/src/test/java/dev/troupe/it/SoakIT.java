package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short form of {@code bench soak}: 24 seconds of everything that clients do leaves nothing behind. */
class SoakIT {
    private static final List<String> KINDS = List.of(
            "whole",
            "stream",
            "text",
            "shared_prefix",
            "several",
            "scored",
            "chat",
            "chat_stream",
            "response",
            "json",
            "json_schema",
            "embeddings",
            "tokens",
            "models",
            "grpc",
            "grpc_stream",
            "grpc_chat",
            "grpc_embeddings",
            "grpc_tokens",
            "left_grpc",
            "left_stream",
            "left_before_answer",
            "slow_reader",
            "stopped_reader",
            "refused",
            "not_found",
            "too_large");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @Test
    void memoryAndCacheStayAsTheyAre() {
        Path model = GoldenModels.find("stories260K/stories260K-F32.gguf");
        JsonNode report = TroupeProcess.run(
                        dir,
                        Duration.ofMinutes(3),
                        "bench",
                        "soak",
                        "--model",
                        model.toString(),
                        "--minutes",
                        "0.4",
                        "--json")
                .expectExit(0)
                .json();
        assertThat(report.path("passed").asBoolean()).isTrue();
        assertThat(report.path("samples").size()).isGreaterThanOrEqualTo(6);
        assertThat(report.path("samples"))
                .allSatisfy(sample ->
                        assertThat(sample.path("kvBlocksUsed").asLong()).isZero());
        assertThat(report.path("requests").fieldNames()).toIterable().containsExactlyInAnyOrderElementsOf(KINDS);
    }
}
