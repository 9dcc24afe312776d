package dev.troupe.routing.harness;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Alternative;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A replica without a model: it says what its script tells. Everything that it was asked is kept for the test to see.
 */
public final class FakeReplica {
    /** What it does with a request. */
    @FunctionalInterface
    public interface Script {
        void answer(GenerationRequest request, ActorRef<GenerationEvent> replyTo);
    }

    private final ModelDescription model;
    private final Queue<GenerationRequest> submitted = new ConcurrentLinkedQueue<>();
    private final Queue<String> cancelled = new ConcurrentLinkedQueue<>();
    private volatile Script script = (request, replyTo) -> {};

    public FakeReplica(ModelDescription model) {
        this.model = model;
    }

    public Queue<GenerationRequest> submitted() {
        return submitted;
    }

    public Queue<String> cancelled() {
        return cancelled;
    }

    public void script(Script newScript) {
        script = newScript;
    }

    /** Answers every request with this text, then the end of text, within the asked length. */
    public void says(Tokenizer tokenizer, String text) {
        script = (request, replyTo) -> say(request, replyTo, tokenizer.encode(text), true);
    }

    /** Begins and sends the tokens from the request's first index on; {@code end} says whether the answer ends. */
    public static void say(GenerationRequest request, ActorRef<GenerationEvent> replyTo, int[] tokens, boolean end) {
        replyTo.tell(new GenerationEvent.Begun(request.requestId(), 0));
        int last = Math.min(tokens.length, request.firstIndex() + request.maxTokens());
        for (int i = request.firstIndex(); i < last; i++) {
            replyTo.tell(new GenerationEvent.TokenGenerated(
                    request.requestId(), i, tokens[i], -0.5 * (i + 1), alternatives(request, tokens[i])));
        }
        if (end) {
            replyTo.tell(new GenerationEvent.Finished(
                    request.requestId(),
                    last < tokens.length ? FinishReason.LENGTH : FinishReason.STOP,
                    request.promptTokens().size(),
                    last - request.firstIndex()));
        }
    }

    /** Turns every request away. */
    public void rejects(RejectReason reason) {
        script = (request, replyTo) ->
                replyTo.tell(new GenerationEvent.Rejected(request.requestId(), reason, "not now"));
    }

    private static List<Alternative> alternatives(GenerationRequest request, int token) {
        var alternatives = new ArrayList<Alternative>();
        for (int i = 0; i < request.sampling().logProbs(); i++) {
            alternatives.add(new Alternative((token + i) % 256, -0.1 * (i + 1)));
        }
        return alternatives;
    }

    /** The actor; it registers at the receptionist and stops when drained. */
    public Behavior<ReplicaProtocol.Command> behavior() {
        return Behaviors.setup(context -> {
            context.getSystem()
                    .receptionist()
                    .tell(Receptionist.register(ReplicaProtocol.SERVICE_KEY, context.getSelf()));
            return Behaviors.receiveMessage(this::on);
        });
    }

    private Behavior<ReplicaProtocol.Command> on(ReplicaProtocol.Command command) {
        switch (command) {
            case ReplicaProtocol.Submit submit -> {
                submitted.add(submit.request());
                script.answer(submit.request(), submit.replyTo());
            }
            case ReplicaProtocol.Cancel cancel -> cancelled.add(cancel.requestId());
            case ReplicaProtocol.Describe describe ->
                describe.replyTo().tell(new ReplicaProtocol.Description(model, 0, 0));
            case ReplicaProtocol.Drain drain -> {
                drain.replyTo().tell(new ReplicaProtocol.Drained(submitted.size()));
                return Behaviors.stopped();
            }
        }
        return Behaviors.same();
    }
}
