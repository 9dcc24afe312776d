package dev.troupe.routing.grpc;

import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.routing.generate.ChoiceEvent;
import dev.troupe.routing.generate.Generation;
import dev.troupe.routing.stream.TextEvent;
import io.grpc.Status;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts and times one call, and writes one line about it. Called from one stream. */
final class CallLog {
    private static final Logger LOG = LoggerFactory.getLogger(CallLog.class);

    /** Label of calls that never came to a model. */
    private static final String NO_MODEL = "none";

    private final String method;
    private final String id;
    private final String shownId;
    private final long arrivalNanos = System.nanoTime();
    private int numEnded;

    /**
     * @param id unique, for the replicas
     * @param shownId what the answer carries
     */
    CallLog(String method, String id, String shownId) {
        this.method = method;
        this.id = id;
        this.shownId = shownId;
    }

    ChoiceEvent passed(ChoiceEvent event) {
        if (event.event() instanceof TextEvent.End) {
            numEnded++;
        }
        return event;
    }

    /** A call that never came to a model; the name it asked for is the client's word and no label. */
    void refused(Throwable failure) {
        var status = GrpcErrors.status(failure).getCode().name();
        var time = time();
        Metrics.serving(NO_MODEL).requestEnded(method, status, time);
        LOG.info("request={} endpoint={} status={} millis={} refused", shownId, method, status, time.toMillis());
    }

    /** A stream that ends before all its answers have was cancelled by its client. */
    void ended(Generation generation, @Nullable Throwable failure) {
        var code = failure != null
                ? GrpcErrors.status(failure).getCode()
                : numEnded == generation.numChoices() ? Status.Code.OK : Status.Code.CANCELLED;
        var time = time();
        var model = generation.model();
        Metrics.serving(model.modelId()).requestEnded(method, code.name(), time);
        LOG.info(
                "request={} answer={} endpoint={} model={} version={} status={} promptTokens={} millis={}",
                shownId,
                id,
                method,
                model.modelId(),
                model.version(),
                code,
                generation.promptTokens(),
                time.toMillis());
    }

    private Duration time() {
        return Duration.ofNanos(System.nanoTime() - arrivalNanos);
    }
}
