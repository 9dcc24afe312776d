package dev.troupe.deploy.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A node in this process, asked over HTTP for streamed completions of token ids. */
final class HttpTarget implements LoadTarget, AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofMinutes(10);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DATA = "data: ";
    private static final String DONE = DATA + "[DONE]";
    private static final double NEVER = -100; // the strongest bias that the API takes

    private final HttpClient client = HttpClient.newHttpClient();
    private final String url;
    private final String modelId;
    private final Map<String, Double> bias;

    /** @param endTokens are kept from ending answers, so that all have the same length */
    HttpTarget(String url, String modelId, Iterable<Integer> endTokens) {
        this.url = url;
        this.modelId = modelId;
        this.bias = new LinkedHashMap<>();
        endTokens.forEach(token -> bias.put(Integer.toString(token), NEVER));
    }

    @Override
    public List<Answered> answer(List<List<Integer>> prompts, int streams, int numTokens) {
        Semaphore places = new Semaphore(streams, true);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Answered>> futures = new ArrayList<>();
            for (List<Integer> prompt : prompts) {
                places.acquire();
                futures.add(threads.submit(() -> {
                    try {
                        return ask(prompt, numTokens);
                    } finally {
                        places.release();
                    }
                }));
            }
            List<Answered> answered = new ArrayList<>();
            for (Future<Answered> future : futures) {
                answered.add(future.get());
            }
            return answered;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted while the load was running", e);
        } catch (ExecutionException e) {
            throw new TroupeException("a request of the load failed: " + e.getCause(), e);
        }
    }

    private Answered ask(List<Integer> prompt, int numTokens) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                .timeout(TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body(prompt, numTokens)))
                .build();
        long asked = System.nanoTime();
        HttpResponse<Stream<String>> response = client.send(request, HttpResponse.BodyHandlers.ofLines());
        try (Stream<String> lines = response.body()) {
            if (response.statusCode() != 200) {
                throw new IOException("HTTP " + response.statusCode() + ": " + lines.collect(Collectors.joining(" ")));
            }
            long first = 0;
            long last = 0;
            for (Iterator<String> each = lines.iterator(); each.hasNext(); ) {
                String line = each.next();
                if (line.startsWith(DATA) && !line.equals(DONE)) {
                    last = System.nanoTime();
                    first = first == 0 ? last : first;
                }
            }
            return Answered.of(asked, first, last, numTokens);
        }
    }

    private String body(List<Integer> prompt, int numTokens) throws JsonProcessingException {
        return JSON.writeValueAsString(Map.of(
                "model", modelId,
                "prompt", prompt,
                "max_tokens", numTokens,
                "temperature", 0,
                "logit_bias", bias,
                "stream", true));
    }

    @Override
    public void close() {
        client.close();
    }
}
