package dev.troupe.routing.http;

import akka.NotUsed;
import akka.actor.typed.ActorSystem;
import akka.http.javadsl.model.ContentType;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.model.headers.RawHeader;
import akka.japi.pf.PFBuilder;
import akka.stream.KillSwitches;
import akka.stream.UniqueKillSwitch;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.generate.ChoiceEvent;
import dev.troupe.routing.generate.Generation;
import dev.troupe.routing.generate.Generator;
import dev.troupe.routing.generate.OpenAnswers;
import dev.troupe.routing.generate.TextRequest;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * {@code /v1/chat/completions} or {@code /v1/completions}. A stream's status is decided by its first event, so that a
 * full queue is a status 429 and not an error inside a stream that said 200. That event comes when the prompt begins to
 * be read, so that the response is there before the first token, which then waits for nothing else to be made.
 */
final class GenerationEndpoint implements Endpoint {
    private static final ContentType EVENT_STREAM = MediaTypes.TEXT_EVENT_STREAM.toContentType();
    private static final ByteString DONE = ByteString.fromString("data: [DONE]\n\n");
    private static final ByteString KEEP_ALIVE = ByteString.fromString(": still working\n\n");

    private final String path;
    private final String promptField;
    private final String idPrefix;
    private final ActorSystem<?> system;
    private final RoutingConfig config;
    private final BodyReader bodies;
    private final Generator generator;
    private final OpenAnswers open;
    private final Function<JsonNode, ApiRequest> reader;
    private final AnswerShape.Factory shapes;

    private GenerationEndpoint(
            String path,
            String promptField,
            String idPrefix,
            ActorSystem<?> system,
            RoutingConfig config,
            Generator generator,
            OpenAnswers open,
            Function<JsonNode, ApiRequest> reader,
            AnswerShape.Factory shapes) {
        this.path = path;
        this.promptField = promptField;
        this.idPrefix = idPrefix;
        this.system = system;
        this.config = config;
        this.bodies = new BodyReader(system, config);
        this.generator = generator;
        this.open = open;
        this.reader = reader;
        this.shapes = shapes;
    }

    static GenerationEndpoint chat(ActorSystem<?> system, RoutingConfig config, Generator generator, OpenAnswers open) {
        return new GenerationEndpoint(
                "/v1/chat/completions",
                "messages",
                ChatShape.ID_PREFIX,
                system,
                config,
                generator,
                open,
                RequestReader::chat,
                ChatShape::new);
    }

    static GenerationEndpoint completion(
            ActorSystem<?> system, RoutingConfig config, Generator generator, OpenAnswers open) {
        return new GenerationEndpoint(
                "/v1/completions",
                "prompt",
                CompletionShape.ID_PREFIX,
                system,
                config,
                generator,
                open,
                RequestReader::completion,
                CompletionShape::new);
    }

    /** A request that was found in order. */
    private record Prepared(ApiRequest request, Generation generation) {}

    @Override
    public CompletionStage<HttpResponse> handle(Exchange exchange) {
        var id = AnswerId.random(idPrefix);
        return bodies.read(exchange.request(), reader)
                .thenCompose(request -> prepare(id, exchange, request))
                .whenComplete((ok, failure) -> {
                    if (failure != null) {
                        AnswerLog.refused(path, exchange, failure);
                    }
                })
                .thenCompose(prepared -> run(exchange, id, prepared.request(), prepared.generation()));
    }

    private CompletionStage<Prepared> prepare(String id, Exchange exchange, ApiRequest request) {
        return generator
                .prepare(new TextRequest(
                        id,
                        request.model(),
                        promptField,
                        request.prompts(),
                        request.settings(),
                        exchange.caller().client(request.user()),
                        config.requestDeadline()))
                .thenApply(generation -> new Prepared(request, generation));
    }

    private CompletionStage<HttpResponse> run(Exchange exchange, String id, ApiRequest request, Generation generation) {
        boolean logProbs = request.settings().logProbs() >= 0;
        var shape = shapes.create(generation.tokenizer(), logProbs);
        var writer = new AnswerWriter(
                AnswerId.of(id, generation.model()), shape, generation, request.includeUsage(), logProbs);
        var log = new AnswerLog(
                path, exchange, id, generation.model(), generation.numChoices(), generation.promptTokens());
        var events = generation
                .events()
                .viaMat(KillSwitches.single(), Keep.right())
                .map(log::passed)
                .watchTermination((killSwitch, done) -> {
                    done.whenComplete((ok, failure) -> log.ended(failure));
                    return killSwitch;
                });
        return request.stream() ? stream(exchange, events, writer) : whole(exchange, events, writer);
    }

    private CompletionStage<HttpResponse> whole(
            Exchange exchange, Source<ChoiceEvent, UniqueKillSwitch> events, AnswerWriter writer) {
        var running = events.toMat(Sink.seq(), Keep.both()).run(system);
        exchange.connection().abortOnClose(running.first());
        return running.second().thenApplyAsync(all -> Replies.json(writer.whole(all)), system.executionContext());
    }

    private CompletionStage<HttpResponse> stream(
            Exchange exchange, Source<ChoiceEvent, UniqueKillSwitch> events, AnswerWriter writer) {
        var running = events.prefixAndTail(1).toMat(Sink.head(), Keep.both()).run(system);
        exchange.connection().abortOnClose(running.first());
        return running.second()
                // On the stream's own thread: without an executor, stages of Akka's streams go to the common pool's.
                .thenApplyAsync(
                        parts -> response(Source.from(parts.first()).concat(parts.second()), writer), Runnable::run);
    }

    private HttpResponse response(Source<ChoiceEvent, NotUsed> events, AnswerWriter writer) {
        return HttpResponse.create()
                .addHeader(RawHeader.create("cache-control", "no-cache"))
                // Asks nginx and its kin not to collect the stream.
                .addHeader(RawHeader.create("x-accel-buffering", "no"))
                .withEntity(HttpEntities.create(EVENT_STREAM, open.counted(body(events, writer))));
    }

    /** Each event is one write, however many chunks it becomes. */
    private Source<ByteString, NotUsed> body(Source<ChoiceEvent, NotUsed> events, AnswerWriter writer) {
        return events.map(writer::frames)
                .filter(ByteString::nonEmpty)
                // Lazily, for the counts are known only then.
                .concatLazy(Source.lazySource(
                        () -> Source.single(writer.lastFrames().concat(DONE))))
                .recover(new PFBuilder<Throwable, ByteString>()
                        .matchAny(
                                failure -> EventFrame.of(ApiProblem.of(failure).body()))
                        .build())
                .keepAlive(config.streamKeepAlive(), () -> KEEP_ALIVE);
    }
}
