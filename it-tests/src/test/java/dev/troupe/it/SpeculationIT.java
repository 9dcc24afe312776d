package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients cannot tell that tokens were guessed: what is served without guesses, with lookup, and with draft models. */
class SpeculationIT {
    private static final Tokenizer TOKENIZER =
            BpeTrainer.train(List.of("again and again and again"), 280, List.of(BpeTrainer.END_OF_TEXT), 1);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    private Path write(String name, int dim, long seed) {
        Path model = dir.resolve(name);
        RandomModelServer.write(
                model, RandomModelServer.llama(TOKENIZER.vocabSize(), dim, 2, 2, 1, 2 * dim, 256), seed, TOKENIZER);
        return model;
    }

    /** Texts, log-probabilities and ends, of greedy and sampled answers. */
    private static List<JsonNode> answers(Path model, String settings) throws Exception {
        RandomModelServer server = RandomModelServer.start(model, settings);
        List<JsonNode> answers = new ArrayList<>();
        try {
            for (String prompt : List.of("again and again and again and again", "and", "")) {
                for (String temperature : List.of("0", "0.8")) {
                    HttpResponse<String> answer = server.post(
                            "/v1/completions",
                            "{\"model\":\"random\",\"prompt\":\"" + prompt + "\",\"max_tokens\":60,\"n\":2,\"seed\":5,"
                                    + "\"temperature\":" + temperature
                                    + ",\"logprobs\":2,\"frequency_penalty\":0.2,\"stop\":[\"zzz\"]}");
                    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
                    JsonNode body = ServingNode.JSON.readTree(answer.body());
                    answers.add(body.path("choices"));
                    answers.add(body.at("/usage/completion_tokens"));
                }
            }
        } finally {
            server.stop();
        }
        return answers;
    }

    @Test
    void guessesChangeNoAnswer() throws Exception {
        Path model = write("model", 32, 1);
        List<JsonNode> plain = answers(model, "");
        assertThat(answers(model, "troupe.serving.speculation = ngram")).isEqualTo(plain);
        for (Path draft : List.of(model, write("draft", 16, 2))) { // whose guesses hold, and whose hardly ever do
            assertThat(answers(model, "troupe.serving { speculation = draft, draftModel = \"" + draft + "\" }"))
                    .as(draft.toString())
                    .isEqualTo(plain);
        }
    }
}
