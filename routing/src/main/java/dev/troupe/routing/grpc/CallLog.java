package dev.troupe.routing.grpc;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.routing.generate.ChoiceEvent;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.stream.TextEvent;
import io.grpc.Status;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts and times one call, and writes one line about it. Called from one stream. */
final class CallLog {
    private static final Logger LOG = LoggerFactory.getLogger(CallLog.class);

    /** It goes into logs: nothing that could forge a line. */
    private static final Pattern GOOD_REQUEST_ID = Pattern.compile("[A-Za-z0-9._:-]{1,128}");

    /** Label of calls that never came to a model. */
    private static final String NO_MODEL = "none";

    private final String method;
    private final String id;
    private final String shownId;
    private final long arrivalNanos = System.nanoTime();
    private int numEnded;

    private CallLog(String method, String id, String shownId) {
        this.method = method;
        this.id = id;
        this.shownId = shownId;
    }

    /**
     * The log of a call that came now.
     *
     * @param method such as "grpc/Generate", the label in metrics
     * @param givenId the client's name for the call, may be empty
     * @throws RequestFailure when that name may not be
     */
    static CallLog of(String method, String givenId) {
        if (!givenId.isEmpty() && !GOOD_REQUEST_ID.matcher(givenId).matches()) {
            throw new RequestFailure(
                    RequestFailure.Kind.INVALID,
                    "'request_id' may have 1 to 128 letters, digits and the characters . _ : -",
                    "request_id");
        }
        var id =
                "grpc-" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
        return new CallLog(method, id, givenId.isEmpty() ? id : givenId);
    }

    /** Unique, for the replicas. */
    String id() {
        return id;
    }

    /** What the answer carries. */
    String shownId() {
        return shownId;
    }

    ChoiceEvent passed(ChoiceEvent event) {
        if (event.event() instanceof TextEvent.End) {
            partEnded();
        }
        return event;
    }

    /** One of the call's answers, which all end by themselves, is complete. */
    void partEnded() {
        numEnded++;
    }

    /** A call that never came to a model; the name it asked for is the client's word and no label. */
    void refused(Throwable failure) {
        var status = GrpcErrors.status(failure).getCode().name();
        var time = time();
        Metrics.requestEnded(NO_MODEL, method, status, time);
        LOG.info("request={} endpoint={} status={} millis={} refused", shownId, method, status, time.toMillis());
    }

    /**
     * A stream that ends before all its answers have was cancelled by its client.
     *
     * @param numParts answers of the call
     */
    void ended(ModelDescription model, int numParts, int promptTokens, @Nullable Throwable failure) {
        var code = failure != null
                ? GrpcErrors.status(failure).getCode()
                : numEnded == numParts ? Status.Code.OK : Status.Code.CANCELLED;
        var time = time();
        Metrics.requestEnded(model.modelId(), method, code.name(), time);
        LOG.info(
                "request={} answer={} endpoint={} model={} version={} status={} promptTokens={} millis={}",
                shownId,
                id,
                method,
                model.modelId(),
                model.version(),
                code,
                promptTokens,
                time.toMillis());
    }

    private Duration time() {
        return Duration.ofNanos(System.nanoTime() - arrivalNanos);
    }
}
