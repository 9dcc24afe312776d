package dev.troupe.actors.serving.replica;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import dev.troupe.actors.Failures;
import dev.troupe.actors.serving.AnswerCarriers;
import dev.troupe.actors.serving.AnswerThreads;
import dev.troupe.actors.serving.AwakeProcessors;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.batch.Advance;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.batch.Sequence;
import dev.troupe.actors.serving.engine.AnswerSampler;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.Grammars;
import dev.troupe.actors.serving.engine.PromptReader;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.actors.telemetry.ServingMetrics;
import dev.troupe.model.TroupeException;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.grammar.ConstrainedText;
import dev.troupe.model.grammar.JsonGrammar;
import dev.troupe.model.kernel.parallel.SideThreads;
import dev.troupe.model.sampling.SamplingSpace;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests of a replica while it has a model: accepts them, runs one step after another while there is work, and
 * tells the clients. Belongs to one {@link ModelReplica}.
 *
 * <p>Steps follow each other on a thread of their own, which also tells what they gave: a step that waited for its
 * actor's turn would cost two changes of thread a step, as much as a small model needs to compute one. So two threads
 * are in here, that one and the actor's. Everything but {@link Engine#execute} is done under this object's lock,
 * between two steps or beside one, and never waits for a step (docs/adr/0013-step-loop.md).
 */
final class ReplicaSession {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaSession.class);

    /** So many find room in the dispatcher's queue; one that did not would be compiled by the actor's own thread. */
    private static final int MOST_COMPILED = 128;

    private final ActorContext<ReplicaMessage> context; // for the actor's thread only
    private final ActorRef<ReplicaMessage> self;
    private final Engine engine;
    private final Executor compute;
    private final StepsThread ownThread;
    private final Executor steps; // of the engine, where it waits for other processes; else the thread of its own
    private final SchedulingPolicy policy;
    private final RequestTable requests = new RequestTable();
    private final Grammars grammars;
    private final SamplingSpace space = new SamplingSpace(); // of the thread of steps
    private final Map<String, Submit> compiling = new LinkedHashMap<>(); // by id: the schema is not ready yet
    private final ServingMetrics metrics;
    private final Optional<AwakeProcessors> awake;
    private final Departure departure;
    private final Optional<NewGarbage> garbage = NewGarbage.ofJvm();
    private final StreamInterval interval;
    private final Successors successors;
    private final int contextLength;
    private final int maxCompiled;
    private final int maxStepFailures;

    private long nextArrival;
    private int numCompiled; // now, those included whose requests were cancelled
    private int stepFailuresInARow;
    private long waitingSince; // the first token that is not told; only while there is one
    private boolean tokensWait;
    private int numFinished;
    private boolean stepping;
    private boolean closed;

    /** What it gave of one request; nothing of a prompt that goes on in later steps. */
    private record Computed(ScheduledChunk chunk, List<SampledToken> samples) {}

    ReplicaSession(ActorContext<ReplicaMessage> context, ReplicaSettings settings, Engine engine, Executor compute) {
        this.context = context;
        this.self = context.getSelf();
        this.engine = engine;
        this.compute = compute;
        this.maxCompiled = Math.min(MOST_COMPILED, settings.maxQueued());
        this.maxStepFailures = settings.maxStepFailures();
        this.contextLength = engine.description().contextLength();
        this.policy = new SchedulingPolicy(
                settings.limits(contextLength, engine.numKvBlocks()),
                settings.reuse().scheduling(settings.engine().inference()));
        this.grammars = new Grammars(engine.description());
        this.metrics = Metrics.serving(settings.modelId());
        this.awake = AwakeProcessors.of(context.getSystem());
        this.interval = new StreamInterval(settings.streamInterval().toNanos());
        this.successors = new Successors(settings.successorWait().toNanos());
        this.ownThread = new StepsThread();
        this.steps = engine.executor(ownThread);
        Optional<AnswerCarriers> carriers = steps == ownThread ? AnswerCarriers.current() : Optional.empty();
        carriers.ifPresent(ownThread::carry);
        this.departure = new Departure(AnswerThreads.alone(context.getSystem()), carriers);
        reportLoad();
    }

    Engine engine() {
        return engine;
    }

    synchronized int numRunning() {
        return policy.numRunning();
    }

    synchronized int numQueued() {
        return policy.numQueued();
    }

    synchronized boolean isIdle() {
        return policy.isIdle() && compiling.isEmpty();
    }

    /** Requests that had their last event, whatever it was. */
    synchronized int numFinished() {
        return numFinished;
    }

    synchronized void submit(Submit submit) {
        GenerationRequest request = submit.request();
        String id = request.requestId();
        ActorRef<GenerationEvent> replyTo = submit.replyTo();
        int numPrompt = request.promptTokens().size();
        Optional<String> mistake = requests.contains(id) || compiling.containsKey(id)
                ? Optional.of("a request with the id " + id + " is being answered already")
                : RequestCheck.mistake(request, engine.description());
        if (mistake.isPresent()) {
            replyTo.tell(new GenerationEvent.Failed(id, mistake.get()));
        } else if (numPrompt > contextLength - (request.maxTokens() > 0 ? 1 : 0)) {
            String message = "the prompt has " + numPrompt + " tokens; the model takes at most " + contextLength
                    + ", prompt and answer together";
            replyTo.tell(new GenerationEvent.Rejected(id, RejectReason.PROMPT_TOO_LONG, message));
        } else if (request.maxTokens() == 0 && request.promptOutput() == PromptOutput.NONE) {
            replyTo.tell(new GenerationEvent.Finished(id, FinishReason.LENGTH, numPrompt, 0));
        } else if (request.sampling().forms().isEmpty()) {
            accept(request, replyTo, Optional.empty());
        } else {
            constrain(submit);
        }
    }

    /** A schema that is not ready is compiled elsewhere first. */
    private void constrain(Submit submit) {
        GenerationRequest request = submit.request();
        List<AnswerForm> forms = request.sampling().forms();
        Optional<JsonGrammar> ready = grammars.find(forms);
        if (ready.isPresent()) {
            accept(request, submit.replyTo(), Optional.of(grammars.begin(ready.get(), request)));
        } else if (numCompiled >= maxCompiled) {
            String message = "the queue is full (" + numCompiled + " schemas wait): try again later";
            submit.replyTo().tell(new GenerationEvent.Rejected(request.requestId(), RejectReason.QUEUE_FULL, message));
        } else {
            compiling.put(request.requestId(), submit);
            numCompiled++;
            context.pipeToSelf(
                    CompletableFuture.supplyAsync(() -> grammars.compile(forms), compute),
                    (grammar, failure) -> failure == null
                            ? new ReplicaMessage.SchemaReady(this, submit, grammar)
                            : new ReplicaMessage.SchemaRefused(this, submit, failure));
        }
    }

    synchronized void schemaReady(ReplicaMessage.SchemaReady ready) {
        Submit submit = ready.submit();
        GenerationRequest request = submit.request();
        if (isWanted(ready.session(), submit)) {
            accept(request, submit.replyTo(), Optional.of(grammars.begin(ready.grammar(), request)));
        }
    }

    synchronized void schemaRefused(ReplicaMessage.SchemaRefused refused) {
        Submit submit = refused.submit();
        String id = submit.request().requestId();
        if (isWanted(refused.session(), submit)) {
            Throwable cause = Failures.cause(refused.cause());
            if (cause instanceof TroupeException) {
                LOG.warn("the schema of {} cannot be used: {}", id, cause.getMessage());
            } else {
                LOG.error("the schema of {} cannot be used", id, cause);
            }
            submit.replyTo().tell(new GenerationEvent.Failed(id, String.valueOf(cause.getMessage())));
        }
    }

    /** A compilation has ended; one of the session before this one is no matter of this one. */
    // Identity is meant.
    @SuppressWarnings("ReferenceEquality")
    private boolean isWanted(ReplicaSession session, Submit submit) {
        if (session != this) {
            return false;
        }
        numCompiled--;
        return compiling.remove(submit.request().requestId(), submit);
    }

    private void accept(
            GenerationRequest request, ActorRef<GenerationEvent> replyTo, Optional<ConstrainedText> constraint) {
        Sequence sequence = new Sequence(nextArrival++, request);
        AnswerSampler sampler;
        try {
            sampler = new AnswerSampler(request, constraint, space);
        } catch (IllegalArgumentException e) {
            replyTo.tell(new GenerationEvent.Failed(request.requestId(), String.valueOf(e.getMessage())));
            return;
        }
        if (!policy.offer(sequence)) {
            String message = policy.hasFullQueue(request.client())
                    ? "as many requests of this client wait as may: try again when one is answered"
                    : "the queue is full (" + policy.numQueued() + " requests wait): try again later";
            replyTo.tell(new GenerationEvent.Rejected(request.requestId(), RejectReason.QUEUE_FULL, message));
            return;
        }
        context.watch(replyTo);
        requests.add(new ActiveRequest(sequence, sampler, PromptReader.of(request), replyTo));
        successors.came(System.nanoTime());
        if (stepping) {
            reportLoad();
        } else if (leftToWait() > 0) {
            reportLoad();
            begin(null);
        } else {
            Optional.ofNullable(nextStep()).ifPresent(this::begin);
        }
    }

    private void begin(@Nullable Step first) {
        stepping = true;
        awake.ifPresent(AwakeProcessors::begin);
        steps.execute(() -> takeSteps(first));
    }

    /** Ends a request at once; its blocks are free for the next step. */
    synchronized void cancel(String requestId) {
        Submit waiting = compiling.remove(requestId);
        if (waiting != null) {
            waiting.replyTo()
                    .tell(new GenerationEvent.Finished(
                            requestId,
                            FinishReason.CANCELLED,
                            waiting.request().promptTokens().size(),
                            0));
        }
        requests.find(requestId).ifPresent(request -> {
            end(request);
            request.finish(FinishReason.CANCELLED);
            request.log("cancelled");
        });
        reportLoad();
    }

    /** A watched client is gone: nobody wants its answers. */
    synchronized void clientGone(ActorRef<?> client) {
        for (ActiveRequest request : requests.of(client)) {
            end(request);
            request.log("cancelled: its client is gone");
        }
        reportLoad();
    }

    /** A client's last event may have been told: it is watched while it waits for one. */
    synchronized void clientServed(ActorRef<?> client) {
        if (requests.of(client).isEmpty()) {
            context.unwatch(client);
        }
    }

    /** On the thread of steps, until there is nothing to do. Without a first one, others may be about to ask. */
    private void takeSteps(@Nullable Step first) {
        try {
            for (Step step = first != null ? first : gathered(); step != null; step = gathered()) {
                SideThreads.lead();
                compute(step);
            }
        } catch (RuntimeException | Error e) {
            stepsEnded();
            self.tell(new ReplicaMessage.StepsFailed(this, e));
        }
    }

    /** The next step, once those have asked who may do so at any moment. */
    private @Nullable Step gathered() {
        while (leftToWait() > 0) {
            LockSupport.parkNanos(50_000); // as short as the system lets a thread sleep
        }
        return nextStep();
    }

    /** Answers that go on wait for nobody. */
    private synchronized long leftToWait() {
        boolean onlyNew = policy.numRunning() == 0 && policy.numQueued() > 0;
        return onlyNew && !closed ? successors.leftNanos(System.nanoTime()) : 0;
    }

    private synchronized @Nullable Step nextStep() {
        ScheduledBatch batch = closed || isHopeless() ? new ScheduledBatch(List.of()) : policy.schedule();
        reportLoad();
        if (tokensWait && !interval.outlasts(batch, System.nanoTime() - waitingSince)) {
            tellTokens();
        }
        if (batch.isEmpty()) {
            stepsEnded();
            return null;
        }
        return Step.of(batch, requests, metrics);
    }

    /** The actor has been told, and loads the model afresh. */
    private boolean isHopeless() {
        return stepFailuresInARow >= maxStepFailures || engine.lost().isDone();
    }

    private synchronized void stepsEnded() {
        if (!stepping) {
            return; // there was nothing to begin with
        }
        stepping = false;
        SideThreads.rest();
        awake.ifPresent(AwakeProcessors::end);
        if (closed) {
            closeEngine();
        }
    }

    private void closeEngine() {
        ownThread.execute(engine::close);
        ownThread.shutdown();
    }

    // Whatever a step throws is its requests' failure, not the thread's.
    private void compute(Step step) {
        if (step.isCalm()) {
            garbage.ifPresent(NewGarbage::collectIfMuch);
        }
        List<List<SampledToken>> samples;
        long start = System.nanoTime();
        try {
            samples = engine.execute(step.batch(), step.samplers(), step.readers());
        } catch (RuntimeException | Error e) {
            stepFailed(step.batch(), e);
            return;
        }
        long nanos = System.nanoTime() - start;
        interval.stepTook(step.batch(), nanos);
        stepEnded(step.batch(), samples, nanos);
    }

    /**
     * First tokens are told first: on their way they do not stand in line behind all others, which nobody waits for.
     */
    private void stepEnded(ScheduledBatch batch, List<List<SampledToken>> samples, long nanos) {
        List<Computed> others;
        try (Departure.Telling first = departure.begin(batch.readsKnownTokens())) {
            others = tellFirst(batch, samples, nanos);
            if (others.size() < batch.chunks().size() && goesOn()) {
                first.await();
            }
        }
        advance(others);
    }

    /** @return whatever gives no first token, still to be told */
    private synchronized List<Computed> tellFirst(ScheduledBatch batch, List<List<SampledToken>> samples, long nanos) {
        stepFailuresInARow = 0;
        successors.stepEnded(nanos, System.nanoTime());
        List<Computed> others = new ArrayList<>();
        int next = 0;
        for (ScheduledChunk chunk : batch.chunks()) {
            Computed computed = new Computed(chunk, chunk.sampled() ? samples.get(next++) : List.of());
            if (chunk.sampled() && hasNoToken(chunk.arrival())) {
                advance(computed);
                requests.find(chunk.arrival()).ifPresent(ActiveRequest::tell);
            } else {
                others.add(computed);
            }
        }
        return others;
    }

    private boolean hasNoToken(long arrival) {
        return requests.find(arrival).filter(request -> !request.isAnswering()).isPresent();
    }

    /** Whether another step follows, which would disturb what is on its way. */
    private synchronized boolean goesOn() {
        return !closed && !policy.isIdle();
    }

    /** Their tokens wait for what follows, unless an answer ends. */
    private synchronized void advance(List<Computed> others) {
        others.forEach(this::advance);
        if (!tokensWait
                && others.stream().anyMatch(computed -> !computed.samples().isEmpty())) {
            tokensWait = true;
            waitingSince = System.nanoTime();
        }
    }

    private void tellTokens() {
        requests.all().forEach(ActiveRequest::tell);
        tokensWait = false;
    }

    private void advance(Computed computed) {
        ScheduledChunk chunk = computed.chunk();
        Optional<ActiveRequest> request = requests.find(chunk.arrival());
        if (chunk.readsPrompt()) {
            request.ifPresent(ActiveRequest::promptRead);
        }
        List<SampledToken> samples = computed.samples();
        Advance advance =
                policy.advance(chunk, samples.stream().map(SampledToken::token).toList());
        request.ifPresent(
                active -> samples.subList(0, advance.numEmitted()).forEach(sample -> active.emit(sample, metrics)));
        advance.finished()
                .ifPresent(reason -> request.ifPresent(active -> {
                    end(active);
                    successors.answerEnded();
                    active.finish(reason);
                }));
    }

    /** The requests of the batch are given up: what it left in the cache cannot be trusted. The others go on. */
    private synchronized void stepFailed(ScheduledBatch batch, Throwable cause) {
        if (engine.lost().isDone()) {
            self.tell(new ReplicaMessage.StepsFailed(this, cause)); // another load of the model may go on with all
            return;
        }
        stepFailuresInARow++;
        LOG.error("a step of {} sequences failed", batch.chunks().size(), cause);
        for (ScheduledChunk chunk : batch.chunks()) {
            requests.find(chunk.arrival()).ifPresent(request -> {
                end(request);
                request.giveUp(
                        RejectReason.STEP_FAILED,
                        "the model failed while it computed this answer; the error is in the server's log");
            });
        }
        policy.failed();
        if (stepFailuresInARow >= maxStepFailures) {
            self.tell(new ReplicaMessage.StepsFailed(this, cause));
        }
    }

    private void end(ActiveRequest request) {
        policy.remove(request.sequence());
        requests.remove(request);
        numFinished++;
        self.tell(new ReplicaMessage.RequestEnded(this, request.replyTo()));
    }

    private void reportLoad() {
        metrics.requests(policy.numRunning(), policy.numQueued());
        metrics.kvBlocks(policy.numUsedBlocks(), policy.numIdleBlocks(), engine.numKvBlocks());
        metrics.reuse(policy.numEvictions(), policy.numDrafted(), policy.numDraftsAccepted());
    }

    /**
     * Tells every client that another replica must go on with its answer, and frees the engine once its last step is
     * over. Does nothing the second time.
     */
    synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        Collection<ActiveRequest> open = requests.all();
        compiling.forEach((id, submit) -> submit.replyTo()
                .tell(new GenerationEvent.Rejected(
                        id, RejectReason.STOPPED, "the replica stopped before the answer began: try again")));
        compiling.clear();
        for (ActiveRequest request : open) {
            end(request);
            request.giveUp(RejectReason.STOPPED, "the replica stopped before the answer was complete: try again");
        }
        reportLoad();
        if (!stepping) {
            closeEngine();
        }
    }
}
