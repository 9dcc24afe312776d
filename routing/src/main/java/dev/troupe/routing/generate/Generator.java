package dev.troupe.routing.generate;

import akka.NotUsed;
import akka.actor.typed.ActorRef;
import akka.event.Logging;
import akka.stream.BufferOverflowException;
import akka.stream.OverflowStrategy;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Source;
import akka.stream.typed.javadsl.ActorSource;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.generate.PromptEncoder.Encoded;
import dev.troupe.routing.route.DispatchEvent;
import dev.troupe.routing.route.ModelKey;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import dev.troupe.routing.route.Router;
import dev.troupe.routing.stream.AnswerText;
import dev.troupe.routing.stream.PromptPlaces;
import dev.troupe.routing.stream.TextEvent;
import dev.troupe.safety.filter.TextFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;

/** From a text request to streams of text: resolves the model, tokenizes, and runs each answer through the router. */
public final class Generator {
    /** Events of a stream beside its tokens. */
    private static final int OTHER_EVENTS = 3;
    /** Characters or tokens of a prompt that is made ready on the threads that carry answers. */
    private static final int BRIEF_PROMPT = 1024;
    /** What "top_p": 0 means, the most likely token only, to a sampler that wants a positive share. */
    private static final double SMALLEST_TOP_P = 1e-9;

    private final Models models;
    private final RoutingConfig config;
    private final ActorRef<Router.Command> router;
    private final TextFilter filter;
    private final InputFilter input;
    private final SchemaChecks schemas = new SchemaChecks();

    /** @param filter judges every prompt and every answer */
    public Generator(Models models, RoutingConfig config, ActorRef<Router.Command> router, TextFilter filter) {
        this.filter = filter;
        this.input = new InputFilter(filter);
        this.models = models;
        this.config = config;
        this.router = router;
    }

    /** Checks a request and makes it ready to run; fails with a {@link RequestFailure}. */
    public CompletionStage<Generation> prepare(TextRequest request) {
        return models.with(
                request.modelId(), isBrief(request), (model, tokenizer) -> prepare(request, model, tokenizer));
    }

    /** Whether there is little to tokenize and to compile. */
    private static boolean isBrief(TextRequest request) {
        return request.settings().forms().isEmpty()
                && request.prompts().stream().mapToInt(Generator::size).sum() <= BRIEF_PROMPT;
    }

    private static int size(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Text text -> text.text().length();
            case Prompt.Tokens tokens -> tokens.ids().size();
            case Prompt.Chat chat -> BRIEF_PROMPT + 1; // goes through a template
        };
    }

    private Generation prepare(TextRequest request, ModelDescription model, Tokenizer tokenizer) {
        var settings = request.settings();
        int numChoices = Math.multiplyExact(request.prompts().size(), settings.choices());
        if (numChoices > config.maxChoices()) {
            throw new RequestFailure(
                    Kind.INVALID,
                    "'n' times the number of prompts is " + numChoices + "; at most " + config.maxChoices()
                            + " answers can be had from one request.",
                    "n");
        }
        settings.logitBias().keySet().forEach(token -> checkBias(token, model));
        request.prompts().forEach(prompt -> input.judge(request.id(), request.promptField(), prompt, tokenizer));
        schemas.check(settings.forms(), "response_format", model, tokenizer);
        var tools = ToolPlan.of(request.prompts().getFirst(), settings, model, tokenizer);
        tools.ifPresent(plan -> schemas.check(plan.forms(), "tools", model, tokenizer));
        var encoder = new PromptEncoder(model, tokenizer, request.promptField());
        var prompts = request.prompts().stream()
                .map(prompt -> encoder.encode(
                        prompt, settings.echo(), settings.maxTokens().orElse(1) > 0 ? 1 : 0))
                .toList();
        long seed = settings.seed().orElseGet(() -> ThreadLocalRandom.current().nextLong(1L << 53));
        var answers = new ArrayList<Source<ChoiceEvent, NotUsed>>();
        for (int choice = 0; choice < numChoices; choice++) {
            var prompt = prompts.get(choice / settings.choices());
            answers.add(answer(request, model, tokenizer, prompt, tools, choice, seed + choice));
        }
        int promptTokens = prompts.stream().mapToInt(p -> p.tokens().size()).sum();
        // Of several answers one may have begun when another is turned away: that is to be known before anything is
        // said.
        var events = numChoices == 1
                ? answers.getFirst()
                : Source.from(answers)
                        .flatMapMerge(numChoices, answer -> answer)
                        .filter(event -> !(event.event() instanceof TextEvent.Begun));
        return new Generation(model, tokenizer, seed, numChoices, prompts.size(), promptTokens, events);
    }

    private static void checkBias(int token, ModelDescription model) {
        if (token < 0 || token >= model.vocabSize()) {
            throw new RequestFailure(
                    Kind.INVALID,
                    "'logit_bias' names token " + token + ", which is not in this model's vocabulary of "
                            + model.vocabSize() + ".",
                    "logit_bias");
        }
    }

    private Source<ChoiceEvent, NotUsed> answer(
            TextRequest request,
            ModelDescription model,
            Tokenizer tokenizer,
            Encoded prompt,
            Optional<ToolPlan> tools,
            int choice,
            long seed) {
        var settings = request.settings();
        int maxTokens = maxTokens(request, model, prompt);
        var generation = new GenerationRequest(
                request.id() + "-" + choice,
                prompt.tokens(),
                maxTokens,
                List.copyOf(tokenizer.endTokens()),
                sampling(settings, seed, tools.map(ToolPlan::forms).orElse(settings.forms())),
                0,
                request.client(),
                settings.scoresPrompt() ? PromptOutput.LOG_PROBS : PromptOutput.NONE);
        var places = settings.scoresPrompt()
                ? PromptPlaces.of(tokenizer, prompt.tokens(), prompt.shownPrefix())
                : PromptPlaces.NONE;
        // Scores come in pieces of at least one token.
        int buffer = Math.min(maxTokens, config.streamBufferTokens())
                + places.tokens().size()
                + OTHER_EVENTS;
        return ActorSource.<DispatchEvent>actorRef(
                        // A client that does not read is told, and is no error of ours.
                        event -> false,
                        event -> Optional.empty(),
                        buffer,
                        OverflowStrategy.fail().withLogLevel(Logging.DebugLevel()))
                .mapMaterializedValue(out -> {
                    router.tell(new Router.Generate(ModelKey.of(model), generation, request.deadline(), out));
                    return NotUsed.getInstance();
                })
                .mapError(BufferOverflowException.class, e -> tooSlow())
                .<TextEvent>statefulMapConcat(() -> {
                    var text = new AnswerText(
                            tokenizer,
                            settings.stop(),
                            filter.stream(),
                            // JSON begins with itself, whatever belongs to the answers of a template.
                            settings.jsonSchema().isEmpty() ? prompt.shownPrefix() : "",
                            places,
                            tools.map(ToolPlan::marks).orElse(Map.of()));
                    return event -> reported(request.id(), text, text.on(event));
                })
                .via(tools.map(plan -> calls(plan, generation.requestId())).orElseGet(Flow::create))
                .takeWhile(event -> !(event instanceof TextEvent.End), true)
                .map(event -> new ChoiceEvent(choice, event));
    }

    /** Finds calls in the text of an answer. */
    private static Flow<TextEvent, TextEvent, NotUsed> calls(ToolPlan plan, String answerId) {
        return Flow.<TextEvent>create().statefulMapConcat(() -> {
            var answer = plan.answer(answerId);
            return answer::on;
        });
    }

    /** Writes down what the safety filter found, once the answer is complete. */
    private static List<TextEvent> reported(String requestId, AnswerText text, List<TextEvent> events) {
        if (!events.isEmpty() && events.getLast() instanceof TextEvent.End) {
            SafetyLog.report(requestId, "answer", text.verdict());
        }
        return events;
    }

    private RequestFailure tooSlow() {
        return new RequestFailure(
                Kind.SLOW_READER,
                "The client is more than " + config.streamBufferTokens()
                        + " tokens behind its answer, so the answer was cut off.");
    }

    private int maxTokens(TextRequest request, ModelDescription model, Encoded prompt) {
        boolean chat = request.prompts().getFirst() instanceof Prompt.Chat;
        int asked = request.settings()
                .maxTokens()
                .orElse(chat ? config.defaultChatTokens() : config.defaultCompletionTokens());
        int room = model.contextLength() - prompt.tokens().size();
        return Math.min(Math.min(asked, config.maxTokens()), room);
    }

    private static SamplingParameters sampling(GenerationSettings settings, long seed, List<AnswerForm> forms) {
        return new SamplingParameters(
                settings.temperature(),
                settings.topK(),
                Math.max(settings.topP(), SMALLEST_TOP_P),
                settings.minP(),
                settings.repetitionPenalty(),
                settings.presencePenalty(),
                settings.frequencyPenalty(),
                settings.logitBias(),
                seed,
                settings.logProbs(),
                forms);
    }
}
