package dev.troupe.routing.grpc;

import akka.NotUsed;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.grpc.javadsl.Metadata;
import akka.japi.pf.PFBuilder;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.generate.Generation;
import dev.troupe.routing.generate.GenerationSettings;
import dev.troupe.routing.generate.Generator;
import dev.troupe.routing.generate.OpenAnswers;
import dev.troupe.routing.generate.Prompt;
import dev.troupe.routing.generate.TextRequest;
import dev.troupe.routing.proto.ChatRequest;
import dev.troupe.routing.proto.GenerateChunk;
import dev.troupe.routing.proto.GenerateReply;
import dev.troupe.routing.proto.GenerateRequest;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.proto.ListModelsReply;
import dev.troupe.routing.proto.ListModelsRequest;
import dev.troupe.routing.proto.Model;
import dev.troupe.routing.proto.RouterPowerApi;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.Router;
import dev.troupe.routing.route.ServedModel;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The router's gRPC service: the same generation as over HTTP, in messages of our own. */
public final class RouterService implements RouterPowerApi {
    private static final Logger LOG = LoggerFactory.getLogger(RouterService.class);
    /** It goes into logs: nothing that could forge a line. */
    private static final Pattern GOOD_REQUEST_ID = Pattern.compile("[A-Za-z0-9._:-]{1,128}");

    /** Label of calls that never came to a model. */
    private static final String NO_MODEL = "none";

    private static final Duration ROUTER_TIMEOUT = Duration.ofSeconds(5);

    private final ActorSystem<?> system;
    private final RoutingConfig config;
    private final ActorRef<Router.Command> router;
    private final Generator generator;
    private final OpenAnswers open;

    /**
     * One call, read from either kind of request.
     *
     * @param id unique, for the replicas
     * @param shownId what the answer carries
     */
    private record Call(
            String method,
            String id,
            String shownId,
            String model,
            String promptField,
            Prompt prompt,
            GenerationSettings settings,
            long arrivalNanos) {
        static Call of(
                String method,
                String givenId,
                String model,
                String promptField,
                Prompt prompt,
                GenerationOptions options,
                boolean echo) {
            if (!givenId.isEmpty() && !GOOD_REQUEST_ID.matcher(givenId).matches()) {
                throw new RequestFailure(
                        RequestFailure.Kind.INVALID,
                        "'request_id' may have 1 to 128 letters, digits and the characters . _ : -",
                        "request_id");
            }
            var id = "grpc-"
                    + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
            return new Call(
                    method,
                    id,
                    givenId.isEmpty() ? id : givenId,
                    model,
                    promptField,
                    prompt,
                    CallReader.settings(options, echo),
                    System.nanoTime());
        }

        static Call of(String method, GenerateRequest request) {
            return of(
                    method,
                    request.getRequestId(),
                    request.getModel(),
                    "prompt",
                    CallReader.prompt(request),
                    request.getOptions(),
                    request.getEcho());
        }

        static Call of(String method, ChatRequest request) {
            return of(
                    method,
                    request.getRequestId(),
                    request.getModel(),
                    "messages",
                    CallReader.prompt(request),
                    request.getOptions(),
                    false);
        }
    }

    public RouterService(
            ActorSystem<?> system,
            RoutingConfig config,
            ActorRef<Router.Command> router,
            Generator generator,
            OpenAnswers open) {
        this.system = system;
        this.config = config;
        this.router = router;
        this.generator = generator;
        this.open = open;
    }

    @Override
    public CompletionStage<ListModelsReply> listModels(ListModelsRequest request, Metadata metadata) {
        CompletionStage<Router.ServedModels> served =
                AskPattern.ask(router, Router.ListModels::new, ROUTER_TIMEOUT, system.scheduler());
        return served.thenApply(answer -> ListModelsReply.newBuilder()
                .addAllModels(answer.models().stream().map(RouterService::model).toList())
                .build());
    }

    private static Model model(ServedModel served) {
        var model = served.description();
        return Model.newBuilder()
                .setId(model.modelId())
                .setVersion(model.version())
                .setContextLength(model.contextLength())
                .setVocabSize(model.vocabSize())
                .setChatTemplate(model.chatTemplate())
                .setCreated(model.createdEpochSeconds())
                .setReplicas(served.numReplicas())
                .build();
    }

    @Override
    public CompletionStage<GenerateReply> generate(GenerateRequest request, Metadata metadata) {
        return whole(() -> Call.of("grpc/Generate", request), metadata);
    }

    @Override
    public Source<GenerateChunk, NotUsed> generateStream(GenerateRequest request, Metadata metadata) {
        return stream(() -> Call.of("grpc/GenerateStream", request), metadata);
    }

    @Override
    public CompletionStage<GenerateReply> chat(ChatRequest request, Metadata metadata) {
        return whole(() -> Call.of("grpc/Chat", request), metadata);
    }

    @Override
    public Source<GenerateChunk, NotUsed> chatStream(ChatRequest request, Metadata metadata) {
        return stream(() -> Call.of("grpc/ChatStream", request), metadata);
    }

    private CompletionStage<GenerateReply> whole(Supplier<Call> read, Metadata metadata) {
        return read(read)
                .thenCompose(call -> prepare(call, metadata)
                        .thenCompose(generation -> generation
                                .events()
                                .runWith(Sink.seq(), system)
                                .thenApply(events -> writer(call, generation).whole(events))
                                .whenComplete((reply, failure) -> ended(call, generation, failure))))
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(GrpcErrors.exception(failure)));
    }

    private Source<GenerateChunk, NotUsed> stream(Supplier<Call> read, Metadata metadata) {
        var chunks = read(read)
                .thenCompose(call -> prepare(call, metadata).thenApply(generation -> {
                    var writer = writer(call, generation);
                    return generation
                            .events()
                            .map(writer::chunk)
                            .concatLazy(Source.lazySource(() -> Source.single(writer.lastChunk())))
                            .watchTermination((notUsed, done) -> {
                                done.whenComplete((ok, failure) -> ended(call, generation, failure));
                                return notUsed;
                            });
                }));
        var answer = Source.completionStageSource(chunks)
                .mapError(new PFBuilder<Throwable, Throwable>()
                        .matchAny(GrpcErrors::exception)
                        .build())
                .<NotUsed>mapMaterializedValue(stage -> NotUsed.getInstance());
        return open.counted(answer);
    }

    private static CompletionStage<Call> read(Supplier<Call> read) {
        try {
            return CompletableFuture.completedFuture(read.get());
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletionStage<Generation> prepare(Call call, Metadata metadata) {
        return generator
                .prepare(new TextRequest(
                        call.id(),
                        call.model(),
                        call.promptField(),
                        List.of(call.prompt()),
                        call.settings(),
                        Deadlines.of(metadata, config.requestDeadline())))
                .whenComplete((ok, failure) -> {
                    if (failure != null) {
                        refused(call, failure);
                    }
                });
    }

    /** A call that never came to a model; the name it asked for is the client's word and no label. */
    private static void refused(Call call, Throwable failure) {
        var status = GrpcErrors.status(failure).getCode().name();
        var time = Duration.ofNanos(System.nanoTime() - call.arrivalNanos());
        Metrics.serving(NO_MODEL).requestEnded(call.method(), status, time);
        LOG.info(
                "request={} endpoint={} status={} millis={} refused",
                call.shownId(),
                call.method(),
                status,
                time.toMillis());
    }

    private static ReplyWriter writer(Call call, Generation generation) {
        return new ReplyWriter(call.shownId(), generation, call.settings().logProbs() >= 0);
    }

    private static void ended(Call call, Generation generation, @Nullable Throwable failure) {
        var status =
                failure == null ? "OK" : GrpcErrors.status(failure).getCode().name();
        var time = Duration.ofNanos(System.nanoTime() - call.arrivalNanos());
        var model = generation.model();
        Metrics.serving(model.modelId()).requestEnded(call.method(), status, time);
        LOG.info(
                "request={} answer={} endpoint={} model={} version={} status={} promptTokens={} millis={}",
                call.shownId(),
                call.id(),
                call.method(),
                model.modelId(),
                model.version(),
                status,
                generation.promptTokens(),
                time.toMillis());
    }
}
