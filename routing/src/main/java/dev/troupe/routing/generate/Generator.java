package dev.troupe.routing.generate;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.sampling.SamplingDefaults;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.generate.PromptEncoder.Encoded;
import dev.troupe.routing.route.ModelKey;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import dev.troupe.routing.route.Router;
import dev.troupe.routing.stream.AnswerText;
import dev.troupe.routing.stream.PromptPlaces;
import dev.troupe.safety.filter.TextFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** From a text request to answers in text: resolves the model, tokenizes, and runs each answer through the router. */
public final class Generator {
    /** Characters or tokens of a prompt that is made ready on the threads that carry answers. */
    private static final int BRIEF_PROMPT = 1024;
    /** What "top_p": 0 means, the most likely token only, to a sampler that wants a positive share. */
    private static final double SMALLEST_TOP_P = 1e-9;

    /**
     * One answer to be.
     *
     * @param mostTokens that may wait for its client, those of the prompt included
     * @param text of which nothing is there yet
     */
    private record Answer(GenerationRequest sequence, int mostTokens, Supplier<ChoiceText> text) {}

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
        long asked = (long) request.prompts().size() * settings.choices();
        if (asked > config.maxChoices()) {
            throw new RequestFailure(
                    Kind.INVALID,
                    "'n' times the number of prompts is " + asked + "; at most " + config.maxChoices()
                            + " answers can be had from one request (troupe.routing.maxChoices).",
                    settings.choices() > config.maxChoices() ? "n" : request.promptField());
        }
        int numChoices = (int) asked;
        settings.logitBias().keySet().forEach(token -> requireKnown("logit_bias", token, model));
        settings.stopTokens().forEach(token -> requireKnown("stop_token_ids", token, model));
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
        var answers = new ArrayList<Answer>();
        for (int choice = 0; choice < numChoices; choice++) {
            var prompt = prompts.get(choice / settings.choices());
            answers.add(answer(request, model, tokenizer, prompt, tools, choice, seed + choice));
        }
        int promptTokens = prompts.stream().mapToInt(p -> p.tokens().size()).sum();
        return new Generation(
                model,
                tokenizer,
                seed,
                numChoices,
                prompts.size(),
                promptTokens,
                () -> begin(request, ModelKey.of(model), answers));
    }

    private RunningAnswers begin(TextRequest request, ModelKey model, List<Answer> answers) {
        var running = new RunningAnswers(config.streamBufferTokens());
        var clients = answers.stream()
                .map(answer -> running.add(answer.text().get(), answer.mostTokens()))
                .toList();
        for (int choice = 0; choice < answers.size(); choice++) {
            router.tell(new Router.Generate(
                    model, answers.get(choice).sequence(), request.deadline(), clients.get(choice)));
        }
        return running;
    }

    private static void requireKnown(String field, int token, ModelDescription model) {
        if (token < 0 || token >= model.vocabSize()) {
            throw new RequestFailure(
                    Kind.INVALID,
                    "'" + field + "' names token " + token + ", which is not in this model's vocabulary of "
                            + model.vocabSize() + ".",
                    field);
        }
    }

    private Answer answer(
            TextRequest request,
            ModelDescription model,
            Tokenizer tokenizer,
            Encoded prompt,
            Optional<ToolPlan> tools,
            int choice,
            long seed) {
        var settings = request.settings();
        int maxTokens = maxTokens(request, model, prompt);
        var sequence = new GenerationRequest(
                request.id() + "-" + choice,
                prompt.tokens(),
                maxTokens,
                stopTokens(settings, tokenizer),
                sampling(
                        settings,
                        defaults(model),
                        seed,
                        tools.map(ToolPlan::forms).orElse(settings.forms())),
                0,
                request.client(),
                settings.scoresPrompt() ? PromptOutput.LOG_PROBS : PromptOutput.NONE);
        var places = settings.scoresPrompt()
                ? PromptPlaces.of(tokenizer, prompt.tokens(), prompt.shownPrefix())
                : PromptPlaces.NONE;
        // Scores come in pieces of at least one token.
        int mostTokens = Math.min(maxTokens, config.streamBufferTokens())
                + places.tokens().size();
        return new Answer(sequence, mostTokens, () -> {
            var text = new AnswerText(
                    tokenizer,
                    settings.stop(),
                    filter.stream(),
                    // JSON begins with itself, whatever belongs to the answers of a template.
                    settings.jsonSchema().isEmpty() ? prompt.shownPrefix() : "",
                    places,
                    tools.map(ToolPlan::marks).orElse(Map.of()));
            return new ChoiceText(
                    request.id(),
                    text,
                    tools.map(plan -> plan.answer(sequence.requestId())).orElse(null));
        });
    }

    private static List<Integer> stopTokens(GenerationSettings settings, Tokenizer tokenizer) {
        return Stream.concat(tokenizer.endTokens().stream(), settings.stopTokens().stream())
                .distinct()
                .toList();
    }

    private int maxTokens(TextRequest request, ModelDescription model, Encoded prompt) {
        boolean chat = request.prompts().getFirst() instanceof Prompt.Chat;
        int asked = request.settings()
                .maxTokens()
                .orElse(chat ? config.defaultChatTokens() : config.defaultCompletionTokens());
        int room = model.contextLength() - prompt.tokens().size();
        return Math.min(Math.min(asked, config.maxTokens()), room);
    }

    private SamplingDefaults defaults(ModelDescription model) {
        return config.modelSampling() ? model.sampling() : SamplingDefaults.NONE;
    }

    private static SamplingParameters sampling(
            GenerationSettings settings, SamplingDefaults defaults, long seed, List<AnswerForm> forms) {
        return new SamplingParameters(
                settings.temperature().orElse(defaults.temperature()),
                settings.topK().orElse(defaults.topK()),
                Math.max(settings.topP().orElse(defaults.topP()), SMALLEST_TOP_P),
                settings.minP().orElse(defaults.minP()),
                settings.repetitionPenalty().orElse(defaults.repetitionPenalty()),
                settings.presencePenalty(),
                settings.frequencyPenalty(),
                settings.logitBias(),
                seed,
                settings.logProbs(),
                forms);
    }
}
