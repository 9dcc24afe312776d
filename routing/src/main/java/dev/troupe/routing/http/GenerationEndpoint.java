package dev.troupe.routing.http;

import akka.actor.typed.ActorSystem;
import akka.http.javadsl.model.ContentType;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.model.headers.RawHeader;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.generate.Generation;
import dev.troupe.routing.generate.Generator;
import dev.troupe.routing.generate.OpenAnswers;
import dev.troupe.routing.generate.RunningAnswers;
import dev.troupe.routing.generate.TextRequest;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * {@code /v1/chat/completions}, {@code /v1/completions} or {@code /v1/responses}. A stream's status is decided by its
 * first event, so that a full queue is a status 429 and not an error inside a stream that said 200. That event comes
 * when the prompt begins to be read, so that the response is there before the first token, which then waits for nothing
 * else to be made.
 */
final class GenerationEndpoint implements Endpoint {
    private static final ContentType EVENT_STREAM = MediaTypes.TEXT_EVENT_STREAM.toContentType();

    /**
     * What is an endpoint's own.
     *
     * @param promptField what its clients call the prompt
     * @param idPrefix what its ids begin with
     */
    record Api(
            String path,
            String promptField,
            String idPrefix,
            Function<JsonNode, ApiRequest> reader,
            AnswerWriter.Factory writers) {}

    /** All of them. */
    static final List<Api> APIS = List.of(
            new Api(
                    "/v1/chat/completions",
                    "messages",
                    ChatShape.ID_PREFIX,
                    RequestReader::chat,
                    ChoicesWriter.of(ChatShape::new)),
            new Api(
                    "/v1/completions",
                    "prompt",
                    CompletionShape.ID_PREFIX,
                    RequestReader::completion,
                    ChoicesWriter.of(CompletionShape::new)),
            new Api("/v1/responses", "input", ResponseWriter.ID_PREFIX, ResponseReader::read, ResponseWriter::new));

    private final Api api;
    private final ActorSystem<?> system;
    private final RoutingConfig config;
    private final BodyReader bodies;
    private final Generator generator;
    private final OpenAnswers open;

    GenerationEndpoint(Api api, ActorSystem<?> system, RoutingConfig config, Generator generator, OpenAnswers open) {
        this.api = api;
        this.system = system;
        this.config = config;
        this.bodies = new BodyReader(system, config);
        this.generator = generator;
        this.open = open;
    }

    /** A request that was found in order. */
    private record Prepared(ApiRequest request, Generation generation) {}

    @Override
    public CompletionStage<HttpResponse> handle(Exchange exchange) {
        var id = AnswerId.random(api.idPrefix());
        return bodies.read(exchange.request(), api.reader())
                .thenCompose(request -> prepare(id, exchange, request))
                .whenComplete((ok, failure) -> {
                    if (failure != null) {
                        AnswerLog.refused(api.path(), exchange, failure);
                    }
                })
                .thenCompose(prepared -> run(exchange, id, prepared.request(), prepared.generation()));
    }

    private CompletionStage<Prepared> prepare(String id, Exchange exchange, ApiRequest request) {
        return generator
                .prepare(new TextRequest(
                        id,
                        request.model(),
                        api.promptField(),
                        request.prompts(),
                        request.settings(),
                        exchange.caller().client(request.user()),
                        exchange.left(config.requestDeadline())))
                .thenApply(generation -> new Prepared(request, generation));
    }

    private CompletionStage<HttpResponse> run(Exchange exchange, String id, ApiRequest request, Generation generation) {
        var writer = api.writers().create(AnswerId.of(id, generation.model()), generation, request);
        var log = new AnswerLog(
                api.path(), exchange, id, generation.model(), generation.numChoices(), generation.promptTokens());
        var answers = generation.begin();
        answers.over().whenComplete((ok, failure) -> log.ended(failure));
        exchange.connection().abortOnClose(answers::abort);
        return request.stream() ? stream(answers, writer, log) : whole(answers, writer, log);
    }

    private CompletionStage<HttpResponse> whole(RunningAnswers answers, AnswerWriter writer, AnswerLog log) {
        return answers.events()
                .map(log::passed)
                .runWith(Sink.seq(), system)
                .thenApplyAsync(all -> Replies.json(writer.whole(all)), system.executionContext());
    }

    private CompletionStage<HttpResponse> stream(RunningAnswers answers, AnswerWriter writer, AnswerLog log) {
        var body = Source.fromGraph(new EventStream(answers, writer, log, config.streamKeepAlive(), open));
        return answers.begun()
                .thenApply(begun -> HttpResponse.create()
                        .addHeader(RawHeader.create("cache-control", "no-cache"))
                        // Asks nginx and its kin not to collect the stream.
                        .addHeader(RawHeader.create("x-accel-buffering", "no"))
                        .withEntity(HttpEntities.create(EVENT_STREAM, body)));
    }
}
