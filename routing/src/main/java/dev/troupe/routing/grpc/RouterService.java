package dev.troupe.routing.grpc;

import akka.NotUsed;
import akka.actor.typed.ActorSystem;
import akka.grpc.javadsl.Metadata;
import akka.japi.pf.PFBuilder;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.generate.ChoiceEvent;
import dev.troupe.routing.generate.Generation;
import dev.troupe.routing.generate.GenerationSettings;
import dev.troupe.routing.generate.Generator;
import dev.troupe.routing.generate.Models;
import dev.troupe.routing.generate.OpenAnswers;
import dev.troupe.routing.generate.Prompt;
import dev.troupe.routing.generate.Services;
import dev.troupe.routing.generate.TextRequest;
import dev.troupe.routing.proto.ChatRequest;
import dev.troupe.routing.proto.DetokenizeReply;
import dev.troupe.routing.proto.DetokenizeRequest;
import dev.troupe.routing.proto.EmbedReply;
import dev.troupe.routing.proto.EmbedRequest;
import dev.troupe.routing.proto.GenerateChunk;
import dev.troupe.routing.proto.GenerateReply;
import dev.troupe.routing.proto.GenerateRequest;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.proto.ListModelsReply;
import dev.troupe.routing.proto.ListModelsRequest;
import dev.troupe.routing.proto.Model;
import dev.troupe.routing.proto.RouterPowerApi;
import dev.troupe.routing.proto.SamplingDefaults;
import dev.troupe.routing.proto.TokenizeReply;
import dev.troupe.routing.proto.TokenizeRequest;
import dev.troupe.routing.route.ServedModel;
import dev.troupe.routing.stream.TextEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/** The router's gRPC service: the same generation as over HTTP, in messages of our own. */
public final class RouterService implements RouterPowerApi {
    private final ActorSystem<?> system;
    private final RoutingConfig config;
    private final Models models;
    private final Generator generator;
    private final OpenAnswers open;
    private final Callers callers;
    private final EmbedCall embedding;
    private final TokenCalls tokens;

    /** One call, read from either kind of request. */
    private record Call(
            CallLog log, String model, String promptField, Prompt prompt, GenerationSettings settings, String user) {
        static Call of(
                String method,
                String givenId,
                String model,
                String promptField,
                Prompt prompt,
                GenerationOptions options,
                boolean echo,
                String user) {
            return new Call(
                    CallLog.of(method, givenId), model, promptField, prompt, CallReader.settings(options, echo), user);
        }

        static Call of(String method, GenerateRequest request) {
            return of(
                    method,
                    request.getRequestId(),
                    request.getModel(),
                    "prompt",
                    CallReader.prompt(request),
                    request.getOptions(),
                    request.getEcho(),
                    request.getUser());
        }

        static Call of(String method, ChatRequest request) {
            return of(
                    method,
                    request.getRequestId(),
                    request.getModel(),
                    "messages",
                    CallReader.prompt(request),
                    request.getOptions(),
                    false,
                    request.getUser());
        }
    }

    public RouterService(ActorSystem<?> system, RoutingConfig config, Services services) {
        this.system = system;
        this.config = config;
        this.models = services.models();
        this.generator = services.generator();
        this.open = services.open();
        this.callers = new Callers(config.apiKeys());
        this.tokens = new TokenCalls(services.tokenization());
        this.embedding = new EmbedCall(services.embedder());
    }

    @Override
    public CompletionStage<ListModelsReply> listModels(ListModelsRequest request, Metadata metadata) {
        return once(metadata, this::listModels);
    }

    private CompletionStage<ListModelsReply> listModels() {
        return CompletableFuture.completedFuture(ListModelsReply.newBuilder()
                .addAllModels(models.all().stream().map(RouterService::model).toList())
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
                .setSamplingDefaults(SamplingDefaults.newBuilder()
                        .setTemperature(model.sampling().temperature())
                        .setTopK(model.sampling().topK())
                        .setTopP(model.sampling().topP())
                        .setMinP(model.sampling().minP())
                        .setRepetitionPenalty(model.sampling().repetitionPenalty()))
                .build();
    }

    /** The interface's form of {@link #generateReply}, which is what calls over the wire come to. */
    @Override
    public CompletionStage<GenerateReply> generate(GenerateRequest request, Metadata metadata) {
        return generateReply(request, metadata).runWith(Sink.head(), system);
    }

    /** One reply; cancelling the stream ends the work. */
    Source<GenerateReply, NotUsed> generateReply(GenerateRequest request, Metadata metadata) {
        return whole(() -> Call.of("grpc/Generate", request), metadata);
    }

    @Override
    public Source<GenerateChunk, NotUsed> generateStream(GenerateRequest request, Metadata metadata) {
        return stream(() -> Call.of("grpc/GenerateStream", request), metadata);
    }

    /** The interface's form of {@link #chatReply}, which is what calls over the wire come to. */
    @Override
    public CompletionStage<GenerateReply> chat(ChatRequest request, Metadata metadata) {
        return chatReply(request, metadata).runWith(Sink.head(), system);
    }

    /** One reply; cancelling the stream ends the work. */
    Source<GenerateReply, NotUsed> chatReply(ChatRequest request, Metadata metadata) {
        return whole(() -> Call.of("grpc/Chat", request), metadata);
    }

    @Override
    public Source<GenerateChunk, NotUsed> chatStream(ChatRequest request, Metadata metadata) {
        return stream(() -> Call.of("grpc/ChatStream", request), metadata);
    }

    @Override
    public CompletionStage<TokenizeReply> tokenize(TokenizeRequest request, Metadata metadata) {
        return once(metadata, () -> tokens.tokenize(request));
    }

    @Override
    public CompletionStage<DetokenizeReply> detokenize(DetokenizeRequest request, Metadata metadata) {
        return once(metadata, () -> tokens.detokenize(request));
    }

    private <T> CompletionStage<T> once(Metadata metadata, Supplier<CompletionStage<T>> work) {
        return read(() -> callers.of(metadata))
                .thenCompose(caller -> work.get())
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(GrpcErrors.exception(failure)));
    }

    /** The interface's form of {@link #embedReply}, which is what calls over the wire come to. */
    @Override
    public CompletionStage<EmbedReply> embed(EmbedRequest request, Metadata metadata) {
        return embedReply(request, metadata).runWith(Sink.head(), system);
    }

    /** One reply; cancelling the stream ends the work. */
    Source<EmbedReply, NotUsed> embedReply(EmbedRequest request, Metadata metadata) {
        return counted(read(() -> callers.of(metadata))
                .thenCompose(caller -> embedding.answer(
                        request, caller.client(request.getUser()), Deadlines.of(metadata, config.requestDeadline()))));
    }

    private Source<GenerateReply, NotUsed> whole(Supplier<Call> read, Metadata metadata) {
        return answer(
                read,
                metadata,
                (call, generation) -> logged(call, generation)
                        // The list is this call's own: a generation is run once.
                        .<List<ChoiceEvent>>fold(new ArrayList<>(), RouterService::plus)
                        .map(events -> writer(call, generation).whole(events)));
    }

    private static List<ChoiceEvent> plus(List<ChoiceEvent> events, ChoiceEvent event) {
        events.add(event);
        return events;
    }

    private Source<GenerateChunk, NotUsed> stream(Supplier<Call> read, Metadata metadata) {
        return answer(read, metadata, (call, generation) -> {
            var writer = writer(call, generation);
            return logged(call, generation)
                    .filter(event -> !(event.event() instanceof TextEvent.Begun))
                    .map(writer::chunk)
                    .concatLazy(Source.lazySource(() -> Source.single(writer.lastChunk())));
        });
    }

    private static Source<ChoiceEvent, NotUsed> logged(Call call, Generation generation) {
        return generation.events().map(call.log()::passed).watchTermination((notUsed, done) -> {
            done.whenComplete((ok, failure) ->
                    call.log().ended(generation.model(), generation.numChoices(), generation.promptTokens(), failure));
            return notUsed;
        });
    }

    private <T> Source<T, NotUsed> answer(
            Supplier<Call> read, Metadata metadata, BiFunction<Call, Generation, Source<T, NotUsed>> written) {
        return counted(read(read)
                .thenCompose(call -> prepare(call, metadata).thenApply(generation -> written.apply(call, generation))));
    }

    private <T> Source<T, NotUsed> counted(CompletionStage<Source<T, NotUsed>> running) {
        var answer = Source.completionStageSource(running)
                .mapError(new PFBuilder<Throwable, Throwable>()
                        .matchAny(GrpcErrors::exception)
                        .build())
                .<NotUsed>mapMaterializedValue(stage -> NotUsed.getInstance());
        return open.counted(answer);
    }

    private static <T> CompletionStage<T> read(Supplier<T> read) {
        try {
            return CompletableFuture.completedFuture(read.get());
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletionStage<Generation> prepare(Call call, Metadata metadata) {
        return read(() -> callers.of(metadata))
                .thenCompose(caller -> generator.prepare(new TextRequest(
                        call.log().id(),
                        call.model(),
                        call.promptField(),
                        List.of(call.prompt()),
                        call.settings(),
                        caller.client(call.user()),
                        Deadlines.of(metadata, config.requestDeadline()))))
                .whenComplete((ok, failure) -> {
                    if (failure != null) {
                        call.log().refused(failure);
                    }
                });
    }

    private static ReplyWriter writer(Call call, Generation generation) {
        return new ReplyWriter(call.log().shownId(), generation, call.settings().logProbs() >= 0);
    }
}
