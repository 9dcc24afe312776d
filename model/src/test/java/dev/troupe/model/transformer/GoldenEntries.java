package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.sampling.LogProbs;
import dev.troupe.model.tensor.Tensor;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.StreamSupport;

/** What golden.json says of a prompt. */
final class GoldenEntries {
    private GoldenEntries() {}

    static int[] ids(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    /**
     * Those of the token that follows a prompt, which two blocks of keys and values hold; valid until the next pass.
     */
    static Tensor logitsAfter(InferenceModel model, int[] prompt) {
        int[] positions = new int[prompt.length];
        Arrays.setAll(positions, i -> i);
        int[][] tables = new int[prompt.length][];
        Arrays.fill(tables, new int[] {0, 1});
        boolean[] wanted = new boolean[prompt.length];
        wanted[prompt.length - 1] = true;
        return model.forward(prompt.length, prompt, positions, tables, wanted);
    }

    /** The greatest logits after the prompt: their values, and that there is none greater. */
    static void assertLogits(InferenceModel model, JsonNode entry, double bound) {
        Tensor logits = logitsAfter(model, ids(entry.get("prompt_ids")));
        JsonNode greatest = entry.get("first_step_top8_logits");
        Set<Integer> expected = new HashSet<>();
        double least = Double.POSITIVE_INFINITY;
        for (JsonNode pair : greatest) {
            assertThat((double) logits.get(pair.get(0).asInt()))
                    .as("logit of %s", pair.get(0))
                    .isCloseTo(pair.get(1).asDouble(), within(bound));
            expected.add(pair.get(0).asInt());
            least = Math.min(least, pair.get(1).asDouble());
        }
        for (LogProbs.TokenLogProb top : LogProbs.top(logits, 0, greatest.size())) {
            if (!expected.contains(top.token())) { // as great as the least of them, but for the bound
                assertThat((double) logits.get(top.token()))
                        .as("logit of %d", top.token())
                        .isCloseTo(least, within(bound));
            }
        }
    }
}
