package dev.troupe.routing.harness;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A client with the JDK's defaults, so each POST also asks for an upgrade to h2c. */
public final class Http {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final String base;

    public Http(TestNode node) {
        base = "http://127.0.0.1:" + node.bindings().httpPort();
    }

    public HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(20));
    }

    public HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    public HttpResponse<String> get(String path) throws Exception {
        return send(request(path));
    }

    public HttpRequest.Builder json(String path, String body) {
        return request(path)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.replace('\'', '"')));
    }

    /** Posts JSON; single quotes stand for double ones. */
    public HttpResponse<String> post(String path, String body) throws Exception {
        return send(json(path, body));
    }

    public HttpClient client() {
        return client;
    }

    public static JsonNode tree(HttpResponse<String> response) throws Exception {
        return tree(response.body());
    }

    public static JsonNode tree(String json) throws Exception {
        return JSON.readTree(json);
    }

    /** The events of a stream; "[DONE]" is the text node at the end. */
    public static List<JsonNode> events(HttpResponse<String> response) throws Exception {
        var events = new ArrayList<JsonNode>();
        for (String block : response.body().split("\n\n", -1)) {
            if (block.startsWith("data: ")) {
                var data = block.substring("data: ".length());
                events.add(data.equals("[DONE]") ? JSON.getNodeFactory().textNode(data) : JSON.readTree(data));
            }
        }
        return events;
    }
}
