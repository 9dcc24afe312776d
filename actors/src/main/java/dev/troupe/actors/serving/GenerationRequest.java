package dev.troupe.actors.serving;

import dev.troupe.actors.wire.WireMessage;
import java.util.List;

/**
 * One sequence to be continued by a replica.
 *
 * @param requestId unique; appears in logs, traces and the answer
 * @param promptTokens not empty
 * @param maxTokens most tokens to generate
 * @param stopTokens ids that end the answer and are not part of it
 */
public record GenerationRequest(
        String requestId,
        List<Integer> promptTokens,
        int maxTokens,
        List<Integer> stopTokens,
        SamplingParameters sampling)
        implements WireMessage {}
