package dev.troupe.deploy.bench;

import akka.actor.typed.ActorSystem;
import dev.troupe.routing.generate.GenerationSettings;
import dev.troupe.routing.generate.Generator;
import dev.troupe.routing.generate.Prompt;
import dev.troupe.routing.generate.TextRequest;
import dev.troupe.routing.stream.TextEvent;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Everything but a network: checks, router, dispatch, and the text of answers as a stream in this process. */
final class RouterTarget implements LoadTarget {
    private static final Duration DEADLINE = Duration.ofMinutes(10);

    private final ActorSystem<?> system;
    private final Generator generator;
    private final String modelId;
    private final LoadRequest request;
    private int numLoads;

    RouterTarget(ActorSystem<?> system, Generator generator, String modelId, LoadRequest request) {
        this.system = system;
        this.generator = generator;
        this.modelId = modelId;
        this.request = request;
    }

    @Override
    public Outcome answer(List<List<Integer>> prompts, Arrivals arrivals, int numTokens) {
        return new Asking(prompts, arrivals, numTokens, "bench-" + numLoads++ + "-").driver.run();
    }

    private final class Asking {
        private final LoadDriver driver;
        private final List<List<Integer>> prompts;
        private final GenerationSettings settings;
        private final String idPrefix;

        Asking(List<List<Integer>> prompts, Arrivals arrivals, int numTokens, String idPrefix) {
            this.prompts = prompts;
            this.idPrefix = idPrefix;
            driver = new LoadDriver(prompts.size(), arrivals, numTokens, this::ask);
            settings = new GenerationSettings(
                    OptionalInt.of(numTokens),
                    OptionalDouble.of(0),
                    OptionalInt.empty(),
                    OptionalDouble.empty(),
                    OptionalDouble.empty(),
                    OptionalDouble.empty(),
                    0,
                    0,
                    request.bias(),
                    OptionalLong.of(0),
                    List.of(),
                    List.of(),
                    -1,
                    1,
                    false,
                    "");
        }

        private void ask(int number) {
            Prompt prompt = new Prompt.Tokens(prompts.get(number));
            generator
                    .prepare(new TextRequest(
                            idPrefix + number, modelId, "prompt", List.of(prompt), settings, "bench", DEADLINE))
                    .thenCompose(generation ->
                            generation.events().runForeach(event -> on(number, event.event()), system))
                    .whenComplete((done, failure) -> {
                        if (failure != null) {
                            driver.failed(failure);
                        } else {
                            driver.answered(number).ifPresent(this::ask);
                        }
                    });
        }

        private void on(int number, TextEvent event) {
            if (event instanceof TextEvent.Piece) {
                driver.tokens(number, 1);
            }
        }
    }
}
