package dev.troupe.deploy.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/**
 * The clients of a soak: each asks for one thing after another, drawn from its own seed. What it gets is counted by
 * kind. An answer that should not have been is a surprise: a wrong status, a choice too few, or, where the same was
 * asked before, in whatever form, another answer.
 */
final class SoakLoad {
    static final String COMPLETIONS = "/v1/completions";
    static final String CHAT = "/v1/chat/completions";
    static final String MODELS = "/v1/models";

    private static final int PREFIXES = 4;
    private static final int SEVERAL = 3;
    private static final int JSON_TOKENS = 48;
    private static final int MAX_SURPRISES = 20; // kept to show
    private static final Map<String, Object> SCHEMA = Map.of(
            "name",
            "answer",
            "schema",
            Map.of("type", "object", "properties", Map.of("a", Map.of("type", "boolean")), "required", List.of("a")));

    private static final double UNIT = 1e-3; // by which the length of a vector may differ from 1

    private final SoakHttp http;
    private final SoakGrpc grpc;
    private final SoakRefusals refusals;
    private final String modelId;
    private final int vocabSize;
    private final int contextLength;
    private final boolean spellsJson;
    private final List<List<Integer>> prefixes = new ArrayList<>();
    private final FirstAnswers first = new FirstAnswers();
    private final Map<String, Long> counts = new TreeMap<>();
    private final List<String> surprises = new ArrayList<>();

    SoakLoad(SoakHttp http, SoakGrpc grpc, ModelDescription model, long seed) {
        this.http = http;
        this.grpc = grpc;
        this.modelId = model.modelId();
        this.vocabSize = model.vocabSize();
        this.contextLength = model.contextLength();
        this.spellsJson = spellsJson(model.tokenizer().tokenizer());
        this.refusals = new SoakRefusals(http, vocabSize, contextLength);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < PREFIXES; i++) {
            prefixes.add(SoakQuestion.tokens(random, contextLength / 4, vocabSize));
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
            SoakKind kind = SoakKind.draw(random);
            try {
                ask(kind, SoakQuestion.draw(random, vocabSize, contextLength), random);
            } catch (IOException e) {
                surprise(kind.label() + ": " + e);
            }
            synchronized (this) {
                counts.merge(kind.label(), 1L, Long::sum);
            }
        }
    }

    private void ask(SoakKind kind, SoakQuestion question, SplittableRandom random)
            throws IOException, InterruptedException {
        switch (kind) {
            case WHOLE -> check("tokens", question, whole(COMPLETIONS, completion(question, question.tokens()), 1));
            case STREAM ->
                check("tokens", question, streamed(COMPLETIONS, completion(question, question.tokens()), 1, 0));
            case TEXT -> check("text", question, whole(COMPLETIONS, completion(question, question.text()), 1));
            case SHARED_PREFIX -> sharedPrefix(question, random.nextInt(PREFIXES));
            case SEVERAL -> several(question);
            case SCORED -> scored(question);
            case CHAT -> check("chat", question, whole(CHAT, chat(question), 1));
            case CHAT_STREAM -> check("chat", question, streamed(CHAT, chat(question), 1, 0));
            case RESPONSE -> response(question);
            case JSON -> json(question);
            case EMBEDDINGS -> embeddings(question);
            case JSON_SCHEMA -> schema(question);
            case TOKENS -> tokens(question);
            case MODELS -> models();
            case GRPC -> check("tokens", question, grpc.whole(question));
            case GRPC_STREAM -> check("tokens", question, grpc.streamed(question));
            case GRPC_CHAT -> check("chat", question, grpc.chat(question));
            case GRPC_EMBEDDINGS -> grpcEmbeddings(question);
            case GRPC_TOKENS -> grpcTokens(question);
            case LEFT_GRPC -> grpc.left(question, contextLength / 2, random.nextInt(1, 8));
            case LEFT_STREAM -> {
                byte[] body = SoakHttp.bytes(with(longCompletion(question), "stream", true));
                LeavingClient.readLines(http.uri(COMPLETIONS), body, SoakHttp.TIMEOUT, random.nextInt(1, 8));
            }
            case LEFT_BEFORE_ANSWER -> {
                Duration patience = Duration.ofMillis(random.nextInt(1, 60));
                LeavingClient.wait(http.uri(COMPLETIONS), SoakHttp.bytes(longCompletion(question)), patience);
            }
            case SLOW_READER -> {
                Map<String, Object> body = completion(question, question.tokens());
                check("tokens", question, streamed(COMPLETIONS, body, 1, random.nextInt(1, 20)));
            }
            case STOPPED_READER -> {
                Map<String, Object> body = with(longCompletion(question), "stream", true);
                body.put("n", SEVERAL);
                body.put("logprobs", 5); // more than sockets have room for
                Duration stop = Duration.ofMillis(random.nextInt(50, 400));
                LeavingClient.stopReading(http.uri(COMPLETIONS), SoakHttp.bytes(body), SoakHttp.TIMEOUT, stop);
            }
            case REFUSED -> refusals.badRequest(completion(question, question.tokens()), random);
            case NOT_FOUND -> refusals.notFound(completion(question, question.tokens()), random);
            case TOO_LARGE -> refusals.tooLarge();
        }
    }

    private void check(String form, SoakQuestion question, String answer) throws IOException {
        if (question.number().isPresent()) {
            first.check(form + " " + question.number().getAsInt(), answer);
        }
    }

    private Map<String, Object> completion(SoakQuestion question, Object prompt) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("model", modelId);
        body.put("prompt", prompt);
        body.put("max_tokens", question.maxTokens());
        body.put("seed", question.seed());
        body.put("user", question.user());
        return body;
    }

    private Map<String, Object> longCompletion(SoakQuestion question) {
        return with(completion(question, question.tokens()), "max_tokens", contextLength / 2);
    }

    private Map<String, Object> chat(SoakQuestion question) {
        Map<String, Object> body = completion(question, "");
        body.remove("prompt");
        return with(body, "messages", List.of(Map.of("role", "user", "content", question.text())));
    }

    private static Map<String, Object> with(Map<String, Object> body, String field, Object value) {
        body.put(field, value);
        return body;
    }

    private String whole(String path, Map<String, Object> body, int numChoices)
            throws IOException, InterruptedException {
        return ChoiceTexts.of(List.of(http.post(path, body)), numChoices);
    }

    private String streamed(String path, Map<String, Object> body, int numChoices, int pauseMillis)
            throws IOException, InterruptedException {
        return ChoiceTexts.of(http.stream(path, with(body, "stream", true), pauseMillis), numChoices);
    }

    private void response(SoakQuestion question) throws IOException, InterruptedException {
        Map<String, Object> body = with(completion(question, ""), "input", question.text());
        body.remove("prompt");
        body.put("max_output_tokens", body.remove("max_tokens"));
        JsonNode answer = http.post("/v1/responses", body);
        JsonNode message = answer.path("output").path(0);
        if (!answer.path("status").equals(message.path("status"))) {
            throw new IOException("a response is of another status than its message: " + answer);
        }
        check("response", question, answer.path("status") + " " + message.path("content"));
    }

    private void sharedPrefix(SoakQuestion question, int prefix) throws IOException, InterruptedException {
        List<Integer> prompt = new ArrayList<>(prefixes.get(prefix));
        prompt.addAll(question.tokens().subList(0, Math.min(8, question.tokens().size())));
        check("prefix " + prefix, question, whole(COMPLETIONS, completion(question, prompt), 1));
    }

    private void several(SoakQuestion question) throws IOException, InterruptedException {
        Map<String, Object> body = completion(question, question.tokens());
        body.put("n", SEVERAL);
        body.put("logprobs", 5);
        check("several", question, streamed(COMPLETIONS, body, SEVERAL, 0));
    }

    /** The prompt and the answer, token by token; a first token follows nothing and has no probability. */
    private void scored(SoakQuestion question) throws IOException, InterruptedException {
        Map<String, Object> body = completion(question, question.text());
        body.put("echo", true);
        body.put("logprobs", 1);
        JsonNode answer = http.post(COMPLETIONS, body);
        JsonNode scores = answer.path("choices").path(0).path("logprobs");
        int numTokens = scores.path("tokens").size();
        int known = (int) StreamSupport.stream(scores.path("token_logprobs").spliterator(), false)
                .filter(score -> score.isNumber() && score.asDouble() <= 0)
                .count();
        if (numTokens != answer.path("usage").path("total_tokens").asInt(-1) || known != numTokens - 1) {
            throw new IOException(known + " of " + numTokens + " tokens have a score: " + answer);
        }
        check("scored", question, ChoiceTexts.of(List.of(answer), 1) + scores.path("tokens"));
    }

    /** A vocabulary of a book's characters may have no braces. */
    private static boolean spellsJson(Tokenizer tokenizer) {
        return "{}"
                .chars()
                .allMatch(brace -> IntStream.range(0, tokenizer.vocabSize())
                        .mapToObj(tokenizer::tokenBytes)
                        .anyMatch(bytes -> bytes.length == 1 && bytes[0] == brace));
    }

    private void json(SoakQuestion question) throws IOException, InterruptedException {
        held("json", question, Map.of("type", "json_object"), JsonNode::isObject);
    }

    private void schema(SoakQuestion question) throws IOException, InterruptedException {
        held(
                "schema",
                question,
                Map.of("type", "json_schema", "json_schema", SCHEMA),
                said -> said.path("a").isBoolean() && said.size() == 1);
    }

    /** A chat whose answer is held to a form, which it has unless it ends at the limit. */
    private void held(String name, SoakQuestion question, Map<String, Object> form, Predicate<JsonNode> valid)
            throws IOException, InterruptedException {
        Map<String, Object> body = with(chat(question), "max_tokens", JSON_TOKENS);
        body.put("response_format", form);
        if (!spellsJson) {
            http.refused(CHAT, SoakHttp.bytes(body), 400, "invalid_value");
            return;
        }
        JsonNode answer = http.post(CHAT, body);
        JsonNode choice = answer.path("choices").path(0);
        String text = choice.path("message").path("content").asText();
        if (choice.path("finish_reason").asText().equals("stop") && !valid.test(SoakHttp.parsed(text))) {
            throw new IOException("not of the form " + name + ": " + text);
        }
        check(name, question, ChoiceTexts.of(List.of(answer), 1));
    }

    private void embeddings(SoakQuestion question) throws IOException, InterruptedException {
        JsonNode answer = http.post("/v1/embeddings", Map.of("model", modelId, "input", question.tokens()));
        JsonNode vector = answer.path("data").path(0).path("embedding");
        List<Float> values = StreamSupport.stream(vector.spliterator(), false)
                .map(value -> (float) value.asDouble())
                .toList();
        requireUnit(values);
        check("embeddings", question, values.toString());
    }

    private void grpcEmbeddings(SoakQuestion question) throws IOException, InterruptedException {
        List<Float> values = grpc.embed(question);
        requireUnit(values);
        check("embeddings", question, values.toString());
    }

    private static void requireUnit(List<Float> vector) throws IOException {
        double squares =
                vector.stream().mapToDouble(value -> (double) value * value).sum();
        if (!(Math.abs(Math.sqrt(squares) - 1) < UNIT)) {
            throw new IOException("the vector's length is " + Math.sqrt(squares) + ": " + vector);
        }
    }

    /** There and back. */
    private void tokens(SoakQuestion question) throws IOException, InterruptedException {
        JsonNode tokens = http.post("/v1/tokenize", Map.of("model", modelId, "prompt", question.text()))
                .path("tokens");
        String text = http.post("/v1/detokenize", Map.of("model", modelId, "tokens", tokens))
                .path("text")
                .asText();
        requireBack(question, text);
        check("tokenize", question, tokens.toString());
    }

    private void grpcTokens(SoakQuestion question) throws IOException, InterruptedException {
        SoakGrpc.Spelled spelled = grpc.tokens(question);
        requireBack(question, spelled.text());
        check("tokenize", question, spelled.tokens().toString().replace(" ", ""));
    }

    private static void requireBack(SoakQuestion question, String text) throws IOException {
        if (!text.strip().equals(question.text().strip())) {
            throw new IOException("\"" + question.text() + "\" came back as \"" + text + "\"");
        }
    }

    private void models() throws IOException, InterruptedException {
        JsonNode list = http.get(MODELS);
        if (!list.path("data").path(0).path("id").asText().equals(modelId)) {
            throw new IOException("the model is not in the list: " + list);
        }
        http.get(MODELS + "/" + modelId);
    }

    private synchronized void surprise(String what) {
        if (surprises.size() < MAX_SURPRISES) {
            surprises.add(what);
        }
    }
}
