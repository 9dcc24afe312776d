package dev.troupe.actors.serving;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import dev.troupe.actors.serving.GenerationEvent.Alternative;
import dev.troupe.actors.serving.GenerationEvent.Begun;
import dev.troupe.actors.serving.GenerationEvent.Embedded;
import dev.troupe.actors.serving.GenerationEvent.Failed;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationEvent.Finished;
import dev.troupe.actors.serving.GenerationEvent.PromptScored;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationEvent.Rejected;
import dev.troupe.actors.serving.GenerationEvent.ScoredPromptToken;
import dev.troupe.actors.serving.GenerationEvent.TokenGenerated;
import dev.troupe.actors.serving.ReplicaProtocol.Cancel;
import dev.troupe.actors.serving.ReplicaProtocol.Describe;
import dev.troupe.actors.serving.ReplicaProtocol.Description;
import dev.troupe.actors.serving.ReplicaProtocol.Drain;
import dev.troupe.actors.serving.ReplicaProtocol.Drained;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.grammar.AnswerForm.Part;
import dev.troupe.model.sampling.SamplingDefaults;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every message of the serving protocol survives the wire, to the last bit of its numbers. */
class ServingSerializationTest {
    private static final ActorTestKit KIT = ActorTestKit.create();

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    private static final List<AnswerForm> FORMS = List.of(
            AnswerForm.json("{\"enum\":[\"é\"]}"),
            new AnswerForm(List.of(Part.json("{}")), List.of(Part.mark("<call>"), Part.json("{}")), 3));
    private static final SamplingParameters SAMPLING = new SamplingParameters(
            0.1 + 0.2, 40, 0.95, 1e-300, 1.1, -0.5, 0.25, Map.of(3, -100.0, 70000, 1.5), -7L, 5, FORMS);
    private static final GenerationRequest REQUEST =
            new GenerationRequest("r-1", List.of(1, 50256, 0), 128, List.of(2), SAMPLING, 1);
    private static final ModelDescription MODEL = new ModelDescription(
            "m",
            "abc123",
            1024,
            50257,
            ServedTokenizer.parsed("{\"a\":\"é\\n\"}"),
            "model",
            1_764_000_000L,
            new TemplateTexts(Map.of("default", "{{ 'é' }}", "tool_use", "{{ tools }}")),
            new SamplingDefaults(0.7, 20, 0.8, 0.05, 1.1),
            "vector fp32 stored exact exact f32");

    static Stream<WireMessage> messages() {
        return Stream.of(
                SAMPLING,
                REQUEST,
                REQUEST.telling(PromptOutput.LOG_PROBS),
                MODEL,
                new Submit(REQUEST, KIT.createTestProbe(GenerationEvent.class).getRef()),
                new Cancel("r-1"),
                new Describe(KIT.createTestProbe(Description.class).getRef()),
                new Drain(KIT.createTestProbe(Drained.class).getRef()),
                new Description(MODEL, 3, 17),
                new Drained(4),
                new Alternative(9, -0.1),
                new TokenGenerated(
                        "r-1", 3, 262, -1.0 / 3, List.of(new Alternative(262, -1.0 / 3), new Alternative(5, -1e9))),
                new TokenGenerated("r-1", 0, 0, Double.NaN, List.of()),
                new Begun("r-1", 48),
                new ScoredPromptToken(9, -0.1, List.of(new Alternative(5, -1e9))),
                new PromptScored("r-1", 1, List.of(new ScoredPromptToken(9, -1.0 / 3, List.of()))),
                new Embedded("r-1", List.of(0.1f, -1f / 3, 0f)),
                new Finished("r-1", FinishReason.CANCELLED, 5, 7),
                new Rejected("r-1", RejectReason.QUEUE_FULL, "the queue is full"),
                new Failed("r-1", "it failed"));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void comesBackEqual(WireMessage message) {
        WireMessage back = KIT.serializationTestKit().verifySerialization(message, true);
        assertThat(back).isEqualTo(message).hasSameClassAs(message);
    }

    /** A message that is added to the protocol must be added above. */
    @Test
    void everyMessageIsTested() {
        List<Class<?>> records = Stream.of(
                        List.<Class<?>>of(SamplingParameters.class, GenerationRequest.class, ModelDescription.class),
                        Arrays.asList(ReplicaProtocol.class.getDeclaredClasses()),
                        Arrays.asList(GenerationEvent.class.getDeclaredClasses()))
                .flatMap(List::stream)
                .filter(Class::isRecord)
                .collect(Collectors.toList());
        assertThat(messages().map(Object::getClass).distinct()).containsExactlyInAnyOrderElementsOf(records);
    }
}
