package dev.troupe.deploy.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.model.TroupeException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A node in this process, asked over HTTP for streamed completions of token ids by a {@link LoadClient}. */
final class HttpTarget implements LoadTarget, AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PATH = "/v1/completions";
    /** Seconds that the client has to end. */
    private static final int END_SECONDS = 5;

    /** Options meant for the node. */
    private static final List<String> NODE_OPTIONS = List.of("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS");

    private final URI url;
    private final String modelId;
    private final LoadRequest request;
    private final Process client;
    private final Writer toClient;
    private final BufferedReader fromClient;

    /** Starts the client. */
    HttpTarget(String url, String modelId, LoadRequest request) {
        this(url, modelId, request, command());
    }

    /** Starts {@code command}, which does what {@link LoadClient} does. */
    HttpTarget(String url, String modelId, LoadRequest request, List<String> command) {
        this.url = URI.create(url);
        this.modelId = modelId;
        this.request = request;
        try {
            client = start(command);
        } catch (IOException e) {
            throw new UncheckedIOException("the process of the client could not be started", e);
        }
        toClient = new OutputStreamWriter(client.getOutputStream(), StandardCharsets.UTF_8);
        fromClient = new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8));
    }

    /** One compiler and one collector: a client must be warm soon and then cost little. */
    private static List<String> command() {
        return List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                LoadClient.class.getName());
    }

    private static Process start(List<String> command) throws IOException {
        ProcessBuilder process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        process.environment().keySet().removeAll(NODE_OPTIONS);
        return process.start();
    }

    @Override
    public Outcome answer(List<List<Integer>> prompts, Arrivals arrivals, int numTokens) {
        try {
            List<String> bodies = new ArrayList<>();
            for (List<Integer> prompt : prompts) {
                bodies.add(body(prompt, numTokens));
            }
            LoadClient.Load load = switch (arrivals) {
                case Arrivals.Closed closed -> load(bodies, closed.streams(), List.of(), numTokens);
                case Arrivals.Open open -> load(bodies, 0, open.offsetNanos(), numTokens);
            };
            toClient.write(JSON.writeValueAsString(load) + "\n");
            toClient.flush();
            String answer = fromClient.readLine();
            if (answer == null) {
                throw new TroupeException("the client of the load ended; its error is above");
            }
            return outcome(answer);
        } catch (IOException e) {
            throw new UncheckedIOException("the client of the load does not answer", e);
        }
    }

    private static Outcome outcome(String answer) {
        try {
            return JSON.readValue(answer, Outcome.class);
        } catch (JsonProcessingException e) {
            throw new TroupeException(
                    "the client of the load says what is not the outcome of a load: " + e.getMessage(), e);
        }
    }

    private LoadClient.Load load(List<String> bodies, int streams, List<Long> offsetNanos, int numTokens) {
        return new LoadClient.Load(url.getHost(), url.getPort(), PATH, bodies, streams, offsetNanos, numTokens);
    }

    private String body(List<Integer> prompt, int numTokens) throws JsonProcessingException {
        return JSON.writeValueAsString(Map.of(
                "model",
                modelId,
                "prompt",
                prompt,
                "max_tokens",
                numTokens,
                "temperature",
                0,
                "logit_bias",
                request.bias(),
                "stream",
                true));
    }

    @Override
    public void close() {
        try {
            toClient.close(); // its input ends, and so does it
            client.waitFor(END_SECONDS, TimeUnit.SECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException("the client of the load could not be told to end", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            client.destroyForcibly();
        }
    }
}
