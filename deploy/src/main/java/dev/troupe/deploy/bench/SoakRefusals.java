package dev.troupe.deploy.bench;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Requests that a server must refuse, each with its status and the code of its error. */
final class SoakRefusals {
    private static final int BAD_REQUEST = 400;
    private static final int NOT_FOUND = 404;
    private static final int TOO_LARGE = 413;
    /** Some times what a server takes by default. */
    private static final int LARGE_BYTES = 64 << 20;

    private static final String INVALID_VALUE = "invalid_value";

    private final SoakHttp http;
    private final int vocabSize;
    private final int contextLength;

    SoakRefusals(SoakHttp http, int vocabSize, int contextLength) {
        this.http = http;
        this.vocabSize = vocabSize;
        this.contextLength = contextLength;
    }

    /** @param body of a request that would be answered, to be spoilt */
    void badRequest(Map<String, Object> body, SplittableRandom random) throws IOException, InterruptedException {
        switch (random.nextInt(7)) {
            case 0 -> {
                List<Integer> tooLong = SoakQuestion.tokens(random, contextLength, vocabSize);
                spoilt(body, "prompt", tooLong, "context_length_exceeded");
            }
            case 1 -> spoilt(body, "logit_bias", Map.of(Integer.toString(vocabSize), 1), INVALID_VALUE);
            case 2 -> spoilt(body, "temperature", "hot", "invalid_type");
            case 3 -> spoilt(body, "no_such_field", 1, "unknown_parameter");
            case 4 -> spoilt(body, "n", 0, INVALID_VALUE);
            case 5 -> http.refused(SoakLoad.CHAT, SoakHttp.bytes(body), BAD_REQUEST, "missing_required_parameter");
            default -> {
                byte[] half = "{\"model\":".getBytes(StandardCharsets.US_ASCII);
                http.refused(SoakLoad.COMPLETIONS, half, BAD_REQUEST, "invalid_json");
            }
        }
    }

    private void spoilt(Map<String, Object> body, String field, Object value, String code)
            throws IOException, InterruptedException {
        Map<String, Object> spoilt = new LinkedHashMap<>(body);
        spoilt.put(field, value);
        http.refused(SoakLoad.COMPLETIONS, SoakHttp.bytes(spoilt), BAD_REQUEST, code);
    }

    /** @param body of a request that would be answered */
    void notFound(Map<String, Object> body, SplittableRandom random) throws IOException, InterruptedException {
        switch (random.nextInt(3)) {
            case 0 -> {
                Map<String, Object> other = new LinkedHashMap<>(body);
                other.put("model", "no-such-model");
                http.refused(SoakLoad.COMPLETIONS, SoakHttp.bytes(other), NOT_FOUND, "model_not_found");
            }
            case 1 -> http.refused(SoakLoad.MODELS + "/no-such-model", null, NOT_FOUND, "model_not_found");
            default -> http.refused("/v1/no-such-path", SoakHttp.bytes(body), NOT_FOUND, "unknown_url");
        }
    }

    /** Its head says how long it is, so it is refused before it has come. */
    void tooLarge() throws IOException {
        URI url = http.uri(SoakLoad.CHAT);
        LeavingClient.Refusal refusal = LeavingClient.announce(url, LARGE_BYTES, SoakHttp.TIMEOUT);
        if (!refusal.status().startsWith("HTTP/1.1 " + TOO_LARGE)) {
            throw new IOException(refusal.status() + " instead of " + TOO_LARGE);
        }
        SoakHttp.requireProblem(SoakHttp.parsed(refusal.body()), "request_too_large");
    }
}
