package dev.troupe.model.plan;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where the seconds of a step go.
 *
 * @param matrices products of the model
 * @param recompute what is computed again in backward, whole
 * @param memory norms, activations and scores, which wait for memory
 * @param tensor traffic of tensor parallelism
 * @param imbalance of the stages: the last one has the logits
 * @param bubble the pipeline fills and drains
 * @param transfers between stages that are waited for
 * @param data reduction of gradients, and gathering of weights, that are waited for
 * @param optimizer update of the weights
 */
public record StepParts(
        double matrices,
        double recompute,
        double memory,
        double tensor,
        double imbalance,
        double bubble,
        double transfers,
        double data,
        double optimizer) {
    /** All parts. */
    public double total() {
        return matrices + recompute + memory + tensor + imbalance + bubble + transfers + data + optimizer;
    }

    /** The parts by what people call them, in seconds. */
    public Map<String, Double> byName() {
        Map<String, Double> parts = new LinkedHashMap<>();
        parts.put("matrix products", matrices);
        parts.put("recomputation", recompute);
        parts.put("memory-bound operations", memory);
        parts.put("tensor-parallel traffic", tensor);
        parts.put("uneven stages", imbalance);
        parts.put("pipeline bubble", bubble);
        parts.put("pipeline transfers", transfers);
        parts.put("data-parallel traffic", data);
        parts.put("optimizer", optimizer);
        return parts;
    }
}
