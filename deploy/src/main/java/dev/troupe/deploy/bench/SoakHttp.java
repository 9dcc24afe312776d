package dev.troupe.deploy.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Requests of well-behaved clients over HTTP; an {@link IOException} tells of an answer that should not have been. */
final class SoakHttp {
    static final Duration TIMEOUT = Duration.ofMinutes(2);

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int OK = 200;
    private static final String DATA = "data: ";
    private static final String DONE = "data: [DONE]";

    private final HttpClient client;
    private final String url;

    SoakHttp(HttpClient client, String url) {
        this.client = client;
        this.url = url;
    }

    URI uri(String path) {
        return URI.create(url + path);
    }

    static byte[] bytes(Map<String, ?> body) throws IOException {
        return JSON.writeValueAsBytes(body);
    }

    static JsonNode parsed(String json) throws IOException {
        return JSON.readTree(json);
    }

    JsonNode get(String path) throws IOException, InterruptedException {
        return answer(request(path).build(), OK);
    }

    JsonNode post(String path, Map<String, ?> body) throws IOException, InterruptedException {
        return answer(posted(path, bytes(body)), OK);
    }

    /** A request that must be refused, and be told why as OpenAI's API does; without a body, it is a GET. */
    void refused(String path, byte @Nullable [] body, int status, String code)
            throws IOException, InterruptedException {
        HttpRequest request = body == null ? request(path).build() : posted(path, body);
        requireProblem(answer(request, status), code);
    }

    static void requireProblem(JsonNode body, String code) throws IOException {
        JsonNode error = body.path("error");
        if (error.path("message").asText("").isEmpty()
                || !error.path("type").asText().equals("invalid_request_error")
                || !error.path("code").asText().equals(code)) {
            throw new IOException("the error is not of code " + code + ": " + body);
        }
    }

    private HttpRequest posted(String path, byte[] body) {
        return request(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(uri(path)).timeout(TIMEOUT);
    }

    private JsonNode answer(HttpRequest request, int status) throws IOException, InterruptedException {
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != status) {
            throw new IOException(response.statusCode() + " instead of " + status + ": " + response.body());
        }
        return JSON.readTree(response.body());
    }

    /**
     * The events of a stream.
     *
     * @param pauseMillis before each line is read: the client's socket fills meanwhile
     */
    List<JsonNode> stream(String path, Map<String, ?> body, int pauseMillis) throws IOException, InterruptedException {
        HttpResponse<InputStream> response =
                client.send(posted(path, bytes(body)), HttpResponse.BodyHandlers.ofInputStream());
        List<JsonNode> events = new ArrayList<>();
        String last = "";
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(DATA) && !line.equals(DONE)) {
                    events.add(JSON.readTree(line.substring(DATA.length())));
                }
                last = line.isEmpty() ? last : line;
                Thread.sleep(pauseMillis);
            }
        }
        if (response.statusCode() != OK || !last.equals(DONE)) {
            throw new IOException("a stream with status " + response.statusCode() + " ended with " + last);
        }
        return events;
    }
}
