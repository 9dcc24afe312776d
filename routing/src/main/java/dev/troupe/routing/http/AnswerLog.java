package dev.troupe.routing.http;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.routing.generate.ChoiceEvent;
import dev.troupe.routing.stream.TextEvent;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts and times one request, and writes one line about it. Parts end on their stream's threads; the request may end
 * on another one beside it, as where its connection or its time is over.
 */
final class AnswerLog {
    private static final Logger LOG = LoggerFactory.getLogger(AnswerLog.class);

    /** Label of requests that never came to a model. */
    private static final String NO_MODEL = "none";

    private final String endpoint;
    private final Exchange exchange;
    private final String answerId;
    private final ModelDescription model;
    private final int numParts;
    private final int promptTokens;
    private int numEnded;
    private int numTokens;

    /**
     * A log of one request.
     *
     * @param numParts answers, each of which ends by itself
     */
    AnswerLog(
            String endpoint,
            Exchange exchange,
            String answerId,
            ModelDescription model,
            int numParts,
            int promptTokens) {
        this.endpoint = endpoint;
        this.exchange = exchange;
        this.answerId = answerId;
        this.model = model;
        this.numParts = numParts;
        this.promptTokens = promptTokens;
    }

    /** A request that got no answer at all; its model's name is the client's word and no label. */
    static void refused(String endpoint, Exchange exchange, Throwable failure) {
        int status = ApiProblem.of(failure).status();
        var time = Duration.ofNanos(System.nanoTime() - exchange.arrivalNanos());
        Metrics.requestEnded(NO_MODEL, endpoint, Integer.toString(status), time);
        LOG.info(
                "request={} endpoint={} status={} millis={} refused: {}",
                exchange.requestId(),
                endpoint,
                status,
                time.toMillis(),
                ApiProblem.of(failure).code());
    }

    ChoiceEvent passed(ChoiceEvent event) {
        if (event.event() instanceof TextEvent.End end) {
            partEnded(end.numTokens());
        }
        return event;
    }

    synchronized void partEnded(int numGenerated) {
        numEnded++;
        numTokens += numGenerated;
    }

    synchronized void ended(@Nullable Throwable failure) {
        int status = failure != null ? ApiProblem.of(failure).status() : numEnded == numParts ? 200 : 499;
        var time = Duration.ofNanos(System.nanoTime() - exchange.arrivalNanos());
        Metrics.requestEnded(model.modelId(), endpoint, Integer.toString(status), time);
        LOG.info(
                "request={} answer={} endpoint={} model={} version={} status={} promptTokens={} tokens={} millis={}",
                exchange.requestId(),
                answerId,
                endpoint,
                model.modelId(),
                model.version(),
                status,
                promptTokens,
                numTokens,
                time.toMillis());
        if (status == 500) {
            LOG.error("Answer {} failed", answerId, failure);
        }
    }
}
