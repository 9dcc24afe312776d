package dev.troupe.deploy.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The clients of a soak: each asks for one thing after another, drawn from its own seed. What it gets is counted by
 * kind; a status that its request should not have is a surprise.
 */
final class SoakLoad {
    private static final Duration TIMEOUT = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PREFIXES = 4;
    private static final int MAX_SURPRISES = 20; // kept to show
    private static final String PATH = "/v1/completions";

    /** What a client may do, as often as it stands here. */
    private enum Kind {
        WHOLE,
        STREAM,
        SHARED_PREFIX,
        SEVERAL,
        LEFT_STREAM,
        LEFT_BEFORE_ANSWER,
        REFUSED
    }

    private static final Kind[] MIX = {
        Kind.WHOLE,
        Kind.WHOLE,
        Kind.STREAM,
        Kind.STREAM,
        Kind.SHARED_PREFIX,
        Kind.SHARED_PREFIX,
        Kind.SEVERAL,
        Kind.LEFT_STREAM,
        Kind.LEFT_STREAM,
        Kind.LEFT_BEFORE_ANSWER,
        Kind.REFUSED
    };

    private final HttpClient client;
    private final URI url;
    private final String modelId;
    private final int vocabSize;
    private final int contextLength;
    private final List<List<Integer>> prefixes = new ArrayList<>();
    private final Map<String, Long> counts = new TreeMap<>();
    private final List<String> surprises = new ArrayList<>();

    SoakLoad(HttpClient client, String url, String modelId, int vocabSize, int contextLength, long seed) {
        this.client = client;
        this.url = URI.create(url + PATH);
        this.modelId = modelId;
        this.vocabSize = vocabSize;
        this.contextLength = contextLength;
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < PREFIXES; i++) {
            prefixes.add(tokens(random, contextLength / 4));
        }
    }

    /** Requests done, by kind. */
    synchronized Map<String, Long> counts() {
        return new TreeMap<>(counts);
    }

    /** Answers that should not have been, the first ones. */
    synchronized List<String> surprises() {
        return List.copyOf(surprises);
    }

    /** Asks until {@code endNanos}, and waits for the last answer. */
    void run(SplittableRandom random, long endNanos) throws InterruptedException {
        while (System.nanoTime() - endNanos < 0) {
            Kind kind = MIX[random.nextInt(MIX.length)];
            try {
                ask(kind, random);
            } catch (IOException e) {
                surprise(kind + ": " + e);
            }
            synchronized (this) {
                counts.merge(kind.name().toLowerCase(Locale.ROOT), 1L, Long::sum);
            }
        }
    }

    private void ask(Kind kind, SplittableRandom random) throws IOException, InterruptedException {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("model", modelId);
        body.put("prompt", tokens(random, random.nextInt(1, Math.min(64, contextLength / 4))));
        body.put("max_tokens", random.nextInt(1, 24));
        body.put("seed", random.nextInt());
        switch (kind) {
            case WHOLE -> whole(body, 200);
            case STREAM -> stream(body);
            case SHARED_PREFIX -> {
                List<Integer> prompt = new ArrayList<>(prefixes.get(random.nextInt(PREFIXES)));
                prompt.addAll(tokens(random, random.nextInt(1, 9)));
                body.put("prompt", prompt);
                whole(body, 200);
            }
            case SEVERAL -> {
                body.put("n", 3);
                body.put("logprobs", 5);
                stream(body);
            }
            case LEFT_STREAM -> {
                body.put("max_tokens", contextLength / 2);
                body.put("stream", true);
                LeavingClient.readLines(url, JSON.writeValueAsBytes(body), TIMEOUT, random.nextInt(1, 8));
            }
            case LEFT_BEFORE_ANSWER -> {
                body.put("max_tokens", contextLength / 2);
                LeavingClient.wait(url, JSON.writeValueAsBytes(body), Duration.ofMillis(random.nextInt(1, 60)));
            }
            case REFUSED -> refused(body, random);
        }
    }

    private void refused(Map<String, Object> body, SplittableRandom random) throws IOException, InterruptedException {
        switch (random.nextInt(5)) {
            case 0 -> body.put("model", "no-such-model");
            case 1 -> body.put("prompt", tokens(random, contextLength));
            case 2 -> body.put("logit_bias", Map.of(Integer.toString(vocabSize), 1));
            case 3 -> body.put("temperature", "hot");
            default -> body.put("no_such_field", 1);
        }
        whole(body, modelId.equals(body.get("model")) ? 400 : 404);
    }

    private HttpRequest request(Map<String, Object> body) throws JsonProcessingException {
        return HttpRequest.newBuilder(url)
                .timeout(TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body)))
                .build();
    }

    private void whole(Map<String, Object> body, int status) throws IOException, InterruptedException {
        HttpResponse<String> response = client.send(request(body), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != status) {
            surprise(response.statusCode() + " instead of " + status + ": " + response.body());
        }
    }

    private void stream(Map<String, Object> body) throws IOException, InterruptedException {
        body.put("stream", true);
        HttpResponse<Stream<String>> response = client.send(request(body), HttpResponse.BodyHandlers.ofLines());
        String last = "";
        try (Stream<String> lines = response.body()) {
            last = lines.filter(line -> !line.isEmpty()).reduce("", (before, line) -> line);
        }
        if (response.statusCode() != 200 || !last.equals("data: [DONE]")) {
            surprise("a stream with status " + response.statusCode() + " ended with " + last);
        }
    }

    private synchronized void surprise(String what) {
        if (surprises.size() < MAX_SURPRISES) {
            surprises.add(what);
        }
    }

    private List<Integer> tokens(SplittableRandom random, int count) {
        List<Integer> tokens = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            tokens.add(random.nextInt(vocabSize));
        }
        return tokens;
    }
}
