package dev.troupe.actors.serving.replica;

import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.actors.serving.engine.AnswerSampler;
import dev.troupe.actors.serving.engine.PromptReader;
import dev.troupe.actors.telemetry.ServingMetrics;
import java.util.ArrayList;
import java.util.List;

/**
 * What the engine is to compute.
 *
 * @param isCalm whether it may begin later: nobody waits for a first token, or has one still on its way
 */
record Step(ScheduledBatch batch, List<AnswerSampler> samplers, List<PromptReader> readers, boolean isCalm) {
    /** Of requests that are all in the table, and are told that they are part of it. */
    static Step of(ScheduledBatch batch, RequestTable requests, ServingMetrics metrics) {
        List<AnswerSampler> samplers = new ArrayList<>();
        List<PromptReader> readers = new ArrayList<>();
        for (ScheduledChunk chunk : batch.chunks()) {
            ActiveRequest request = requests.find(chunk.arrival()).orElseThrow();
            request.scheduled(metrics);
            if (chunk.sampled()) {
                samplers.add(request.sampler());
            }
            if (chunk.readsPrompt()) {
                readers.add(request.reader());
            }
        }
        return new Step(batch, samplers, readers, requests.allGoOn());
    }
}
