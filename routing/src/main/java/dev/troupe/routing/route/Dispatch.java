package dev.troupe.routing.route;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.routing.route.RequestFailure.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Carries one sequence from a replica to its client. When the replica is lost or fails to compute it, another with the
 * same weights, or the same one when it can again, continues from the last token that the client was sent: the prompt
 * grows by the tokens so far, and sampling goes on at their number, so the answer equals an undisturbed one.
 */
final class Dispatch {
    sealed interface Command {}

    /** The router's choice. */
    record Placed(ActorRef<ReplicaProtocol.Command> replica) implements Command {}

    /** Every replica of the model has turned the sequence away. */
    record AllRefused() implements Command {}

    /** The replica's node is unreachable or the replica stopped. */
    record ReplicaLost(ActorRef<ReplicaProtocol.Command> replica) implements Command {}

    private record FromReplica(GenerationEvent event) implements Command {}

    private record ClientGone() implements Command {}

    private record DeadlinePassed() implements Command {}

    private record FailoverWaitOver() implements Command {}

    private record TryAgain() implements Command {}

    /** Pause before a sequence that must not be lost asks full replicas again. */
    private static final Duration RETRY_PAUSE = Duration.ofMillis(250);

    private static final String FAILOVER_TIMER = "failover";
    /** A request that kills every replica it meets must not go through all of them. */
    private static final int MAX_FAILOVERS = 5;

    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private final Router.Generate job;
    private final Duration failoverWait;
    private final ActorRef<Router.Command> router;
    private final ActorRef<GenerationEvent> events;
    private final List<Integer> generated = new ArrayList<>();
    private final Set<ActorRef<ReplicaProtocol.Command>> refused = new HashSet<>();
    private @Nullable ActorRef<ReplicaProtocol.Command> replica;
    private GenerationEvent.@Nullable Rejected lastRejection;
    /** What the latest replica said whose step failed. */
    private @Nullable String stepFailure;

    private int numScored = 1; // tokens of the prompt: the first one has no log-probability
    private boolean begun; // as the client knows
    private boolean embedded;
    private int numFailovers;
    private int numAttempts = 1;

    private Dispatch(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            Router.Generate job,
            Duration failoverWait,
            ActorRef<Router.Command> router) {
        this.context = context;
        this.timers = timers;
        this.job = job;
        this.failoverWait = failoverWait;
        this.router = router;
        events = context.messageAdapter(GenerationEvent.class, FromReplica::new);
    }

    /**
     * Carries one sequence.
     *
     * @param first the router's choice; null where there is none yet, so that {@link Placed} follows
     */
    static Behavior<Command> create(
            Router.Generate job,
            Duration failoverWait,
            ActorRef<Router.Command> router,
            @Nullable ActorRef<ReplicaProtocol.Command> first) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> {
            var dispatch = new Dispatch(context, timers, job, failoverWait, router);
            context.pipeToSelf(job.client().gone(), (gone, failure) -> new ClientGone());
            timers.startSingleTimer(new DeadlinePassed(), job.deadline());
            dispatch.begin(first);
            return Behaviors.receiveMessage(dispatch::onCommand);
        }));
    }

    private Behavior<Command> onCommand(Command command) {
        return switch (command) {
            case Placed placed -> {
                // The wait is for a replica to exist; how long it then takes is the deadline's business.
                timers.cancel(FAILOVER_TIMER);
                submit(placed.replica());
                yield Behaviors.same();
            }
            case FromReplica(GenerationEvent event) ->
                event.requestId().equals(attemptId())
                        ? onEvent(event)
                        : Behaviors.same(); // from a replica that was given up
            case ReplicaLost lost -> lost.replica().equals(replica) ? failOver(Set.of()) : Behaviors.same();
            case AllRefused ignored -> onAllRefused();
            case TryAgain ignored -> place();
            case ClientGone ignored -> cancel();
            case DeadlinePassed ignored -> {
                cancel();
                yield fail(
                        Kind.DEADLINE,
                        "The answer was not complete after "
                                + Math.round(job.deadline().toMillis() / 10.0) / 100.0
                                + " s, the time limit of this request.");
            }
            case FailoverWaitOver ignored ->
                fail(
                        Kind.UNAVAILABLE,
                        "No replica of " + job.model().modelId() + " is available. Try again in a moment.");
        };
    }

    private void begin(@Nullable ActorRef<ReplicaProtocol.Command> first) {
        if (first == null) {
            awaitReplica();
        } else {
            submit(first);
        }
    }

    private void awaitReplica() {
        replica = null;
        if (!timers.isTimerActive(FAILOVER_TIMER)) {
            timers.startSingleTimer(FAILOVER_TIMER, new FailoverWaitOver(), failoverWait);
        }
    }

    private Behavior<Command> place() {
        numAttempts++;
        awaitReplica();
        router.tell(new Router.Place(job.model(), Set.copyOf(refused), context.getSelf()));
        return Behaviors.same();
    }

    private void submit(ActorRef<ReplicaProtocol.Command> chosen) {
        replica = chosen;
        var request = job.request();
        chosen.tell(new ReplicaProtocol.Submit(
                new GenerationRequest(
                        attemptId(),
                        prompt(),
                        request.maxTokens() - generated.size(),
                        request.stopTokens(),
                        request.sampling(),
                        request.firstIndex() + generated.size(),
                        request.client(),
                        promptTold() ? PromptOutput.NONE : request.promptOutput()),
                events));
    }

    /** For the next attempt: with what is generated. */
    private List<Integer> prompt() {
        List<Integer> asked = job.request().promptTokens();
        if (generated.isEmpty()) {
            return asked;
        }
        List<Integer> prompt = new ArrayList<>(asked);
        prompt.addAll(generated);
        return prompt;
    }

    /** Whether the client has all that it asked for of the prompt. */
    private boolean promptTold() {
        return switch (job.request().promptOutput()) {
            case NONE -> true;
            case LOG_PROBS -> numScored >= job.request().numPrompt();
            case EMBEDDING -> embedded;
        };
    }

    /** Tells the events of this attempt from those of a replica that was given up but still talks. */
    private String attemptId() {
        var id = job.request().requestId();
        return numAttempts <= 1 ? id : id + "~" + numAttempts;
    }

    private Behavior<Command> onEvent(GenerationEvent event) {
        return switch (event) {
            case GenerationEvent.Begun begun -> onBegun(begun);
            case GenerationEvent.PromptScored scored -> onScored(scored);
            case GenerationEvent.Embedded vector -> {
                embedded = true;
                yield tell(new DispatchEvent.Embedded(vector.embedding()));
            }
            case GenerationEvent.TokenGenerated token -> onToken(token);
            case GenerationEvent.Finished finished ->
                switch (finished.reason()) {
                    case STOP -> end(new DispatchEvent.Stopped());
                    case LENGTH -> end(new DispatchEvent.LengthReached());
                    // We did not ask for it: the replica gave the request up, so another may go on.
                    case CANCELLED -> failOver(Set.of());
                };
            case GenerationEvent.Rejected rejected -> onRejected(rejected);
            case GenerationEvent.Failed failed -> fail(Kind.INTERNAL, failed.message());
        };
    }

    /** What another replica had in its cache says nothing: it was lost, and the prompt is no news to this one. */
    private Behavior<Command> onBegun(GenerationEvent.Begun event) {
        if (begun) {
            return Behaviors.same();
        }
        begun = true;
        return tell(new DispatchEvent.Begun(numFailovers > 0 ? 0 : event.cachedTokens()));
    }

    private Behavior<Command> onToken(GenerationEvent.TokenGenerated token) {
        int expected = job.request().firstIndex() + generated.size();
        if (token.index() != expected) {
            cancel();
            return fail(
                    Kind.INTERNAL,
                    "The replica sent token " + token.index() + " where " + expected
                            + " was due. Please report this with the request's id.");
        }
        generated.add(token.token());
        return tell(new DispatchEvent.Token(token.index(), token.token(), token.logProb(), token.alternatives()));
    }

    /** A replica that starts again, or took over, tells again what the client knows. */
    private Behavior<Command> onScored(GenerationEvent.PromptScored scored) {
        int known = numScored - scored.firstPosition();
        if (known < 0) {
            cancel();
            return fail(
                    Kind.INTERNAL,
                    "The replica scored token " + scored.firstPosition() + " of the prompt where " + numScored
                            + " was due. Please report this with the request's id.");
        }
        if (known >= scored.tokens().size()) {
            return Behaviors.same();
        }
        var news = List.copyOf(scored.tokens().subList(known, scored.tokens().size()));
        numScored += news.size();
        return tell(new DispatchEvent.PromptScored(news));
    }

    private Behavior<Command> tell(DispatchEvent event) {
        job.client().tell(event);
        return Behaviors.same();
    }

    private Behavior<Command> onRejected(GenerationEvent.Rejected rejected) {
        if (rejected.reason() == RejectReason.PROMPT_TOO_LONG) {
            return fail(Kind.CONTEXT_LENGTH, rejected.message());
        }
        if (rejected.reason() == RejectReason.STOPPED || rejected.reason() == RejectReason.STEP_FAILED) {
            if (rejected.reason() == RejectReason.STEP_FAILED) {
                stepFailure = rejected.message();
            }
            var stopped = replica;
            return failOver(stopped == null ? Set.of() : Set.of(stopped));
        }
        lastRejection = rejected;
        if (replica != null) {
            refused.add(replica);
        }
        return place();
    }

    private Behavior<Command> onAllRefused() {
        if (numFailovers > 0) {
            // The client already has a part of the answer: waiting a little beats breaking it off.
            refused.clear();
            timers.startSingleTimer(new TryAgain(), RETRY_PAUSE);
            return Behaviors.same();
        }
        return lastRejection != null && lastRejection.reason() == RejectReason.QUEUE_FULL
                ? fail(
                        Kind.OVERLOADED,
                        "Every replica of " + job.model().modelId() + " has a full queue (" + lastRejection.message()
                                + "). Try again in a moment.")
                : fail(
                        Kind.UNAVAILABLE,
                        "Every replica of " + job.model().modelId()
                                + " is loading or shutting down. Try again in a moment.");
    }

    /** @param avoid replicas that may still be listed but must not get it again at once */
    private Behavior<Command> failOver(Set<ActorRef<ReplicaProtocol.Command>> avoid) {
        context.getLog()
                .warn(
                        "Request {} lost its replica after {} tokens; looking for another",
                        job.request().requestId(),
                        generated.size());
        if (replica != null) {
            // It may only be cut off: should it hear us again, it need not go on.
            replica.tell(new ReplicaProtocol.Cancel(attemptId()));
        }
        numFailovers++;
        refused.clear();
        refused.addAll(avoid);
        if (numFailovers > MAX_FAILOVERS) {
            if (stepFailure != null) {
                return fail(Kind.INTERNAL, stepFailure);
            }
            return fail(
                    Kind.UNAVAILABLE,
                    numFailovers + " replicas in a row were lost with this request, so it was given up.");
        }
        if (promptTold() && generated.size() == job.request().maxTokens()) {
            // The last token came, the end of the answer did not.
            return end(new DispatchEvent.LengthReached());
        }
        return place();
    }

    private Behavior<Command> cancel() {
        if (replica != null) {
            replica.tell(new ReplicaProtocol.Cancel(attemptId()));
        }
        return Behaviors.stopped();
    }

    private Behavior<Command> fail(Kind kind, String message) {
        return end(new DispatchEvent.Failed(new RequestFailure(kind, message)));
    }

    private Behavior<Command> end(DispatchEvent event) {
        job.client().tell(event);
        return Behaviors.stopped();
    }
}
