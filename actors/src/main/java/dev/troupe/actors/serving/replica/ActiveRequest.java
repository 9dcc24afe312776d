package dev.troupe.actors.serving.replica;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.batch.Sequence;
import dev.troupe.actors.serving.engine.AnswerSampler;
import dev.troupe.actors.serving.engine.PromptReader;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.actors.telemetry.ServingMetrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A request between its acceptance and its last event. */
final class ActiveRequest {
    private static final Logger LOG = LoggerFactory.getLogger(ActiveRequest.class);

    private final Sequence sequence;
    private final AnswerSampler sampler;
    private final Optional<PromptReader> reader;
    private final ActorRef<GenerationEvent> replyTo;
    private final long acceptedNanos = System.nanoTime();
    private final List<GenerationEvent> untold = new ArrayList<>();
    private boolean started;
    private boolean answering;
    private long lastTokenNanos;

    ActiveRequest(
            Sequence sequence,
            AnswerSampler sampler,
            Optional<PromptReader> reader,
            ActorRef<GenerationEvent> replyTo) {
        this.sequence = sequence;
        this.sampler = sampler;
        this.reader = reader;
        this.replyTo = replyTo;
    }

    Sequence sequence() {
        return sequence;
    }

    AnswerSampler sampler() {
        return sampler;
    }

    /** Reads the prompt; only of a request that something of its prompt is told. */
    PromptReader reader() {
        return reader.orElseThrow();
    }

    /** A step has read a piece of the prompt. */
    void promptRead() {
        reader().events().forEach(replyTo::tell);
    }

    ActorRef<GenerationEvent> replyTo() {
        return replyTo;
    }

    /** The request is part of a step; measures its wait, and tells that it has begun, when it is the first. */
    void scheduled(ServingMetrics metrics) {
        if (!started) {
            started = true;
            metrics.queueLeft(since(acceptedNanos));
            metrics.tokensIn(sequence.numPrompt());
            metrics.tokensCached(sequence.numCached());
            replyTo.tell(new GenerationEvent.Begun(sequence.requestId(), sequence.numCached()));
        }
    }

    /** Whether it has had a token. */
    boolean isAnswering() {
        return answering;
    }

    /** Another token, which waits to be told. */
    void emit(SampledToken sample, ServingMetrics metrics) {
        untold.add(new GenerationEvent.TokenGenerated(
                sequence.requestId(), sample.index(), sample.token(), sample.logProb(), sample.alternatives()));
        if (answering) {
            metrics.nextToken(since(lastTokenNanos));
        } else {
            metrics.firstToken(since(acceptedNanos));
        }
        answering = true;
        lastTokenNanos = System.nanoTime();
        metrics.tokensOut(1);
    }

    /** Tells the tokens that wait. */
    void tell() {
        untold.forEach(replyTo::tell);
        untold.clear();
    }

    void finish(FinishReason reason) {
        tell();
        replyTo.tell(new GenerationEvent.Finished(
                sequence.requestId(), reason, sequence.numPrompt(), sequence.numGenerated()));
    }

    /** Another replica, or this one at another time, may go on with it. */
    void giveUp(RejectReason reason, String message) {
        tell();
        replyTo.tell(new GenerationEvent.Rejected(sequence.requestId(), reason, message));
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }

    /** What has come of it, for the log. */
    void log(String outcome) {
        LOG.atDebug()
                .addKeyValue("request", sequence.requestId())
                .addKeyValue("promptTokens", sequence.numPrompt())
                .addKeyValue("completionTokens", sequence.numGenerated())
                .log(outcome);
    }
}
