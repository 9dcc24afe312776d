package dev.troupe.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.Arguments.ArgumentSet;

/** The published models of the test data, with what two independent engines continue a prompt with. */
final class GoldenModels {
    /** One continuation by the most likely tokens; its text without the token that ends it. */
    record Golden(String prompt, String text, int numTokens, boolean ended) {}

    private GoldenModels() {}

    /** A file or folder below {@code models}; skips the test by name when it is missing. */
    static Path find(String name) {
        Optional<Path> path = Tools.shared("models/" + name);
        assumeTrue(path.isPresent(), name + ": ../shared/data/models/" + name + " is missing");
        return path.orElseThrow();
    }

    /** The continuations of the model in this folder of the test data. */
    static List<Golden> of(String folder) throws IOException {
        JsonNode entries = ServingNode.JSON
                .readTree(find("golden.json").toFile())
                .path(folder)
                .path("golden");
        List<Golden> golden = new ArrayList<>();
        for (JsonNode entry : entries) {
            String text = entry.path("greedy_text").asText();
            String end = "<|endoftext|>";
            boolean ended = text.endsWith(end);
            golden.add(new Golden(
                    entry.path("prompt").asText(),
                    (ended ? text.substring(0, text.length() - end.length()) : text).strip(),
                    entry.path("greedy_ids").size() - (ended ? 1 : 0),
                    ended));
        }
        return golden;
    }

    /** Every model once, in the two formats: folder of the test data, and what to serve. */
    static List<ArgumentSet> files() {
        return List.of(
                Arguments.argumentSet("GGUF, F32, Llama", "stories260K", "stories260K/stories260K-F32.gguf"),
                Arguments.argumentSet("safetensors, Llama", "tinystories-656K", "tinystories-656K"),
                Arguments.argumentSet("GGUF, Q4_0, GPT-2", "tinychat-3M", "tinychat-3M/tinychat-3M-Q4_0.gguf"));
    }
}
