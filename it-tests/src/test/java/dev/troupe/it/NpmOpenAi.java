package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The npm package {@code openai}, installed once for all tests of this process; they skip by name without it. */
final class NpmOpenAi {
    private static @Nullable Path folder;
    private static String problem = "";

    private NpmOpenAi() {}

    /** Runs a script of the test resources; returns the JSON that it prints. */
    static synchronized JsonNode run(String script, String... args) throws IOException {
        Optional<Path> node = Tools.find("node");
        Optional<Path> npm = Tools.find("npm");
        assumeTrue(node.isPresent() && npm.isPresent(), "openai npm client: node or npm is missing");
        if (folder == null && problem.isEmpty()) {
            install(npm.orElseThrow());
        }
        assumeTrue(folder != null, "openai npm client: npm could not install it: " + problem);
        Path installed = Objects.requireNonNull(folder);
        try (InputStream source = NpmOpenAi.class.getResourceAsStream("/" + script)) {
            Files.write(installed.resolve(script), source.readAllBytes());
        }
        List<String> command = new ArrayList<>(List.of(node.orElseThrow().toString(), script));
        command.addAll(List.of(args));
        Tools.Output output = Tools.run(installed, Duration.ofMinutes(1), command);
        assertThat(output.exitCode()).as(output.text()).isZero();
        return ServingNode.JSON.readTree(output.text());
    }

    private static void install(Path npm) throws IOException {
        // In the build's own folder: a second run finds it, and nobody has to remove it.
        Path target = Files.createDirectories(Path.of("target", "npm").toAbsolutePath());
        Files.writeString(target.resolve("package.json"), "{\"private\": true, \"type\": \"module\"}");
        Tools.Output install = Tools.run(
                target,
                Duration.ofMinutes(3),
                List.of(npm.toString(), "install", "--no-audit", "--no-fund", "openai@7"));
        if (install.exitCode() == 0) {
            folder = target;
        } else {
            problem = install.text();
        }
    }
}
