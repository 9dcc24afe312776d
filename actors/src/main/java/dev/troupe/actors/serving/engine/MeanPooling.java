package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Embedded;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.model.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The mean of a prompt's final hidden states, scaled to length 1. Summed in float64 position by position, so the vector
 * does not depend on how the prompt was cut into chunks.
 */
final class MeanPooling implements PromptReader {
    private final String requestId;
    private final int numPositions;
    private double[] sums = {}; // [C]
    private boolean complete;

    MeanPooling(GenerationRequest request) {
        this.requestId = request.requestId();
        this.numPositions = request.numPrompt();
    }

    @Override
    public void read(int position, Tensor rows, int row) {
        int dim = rows.dim(1);
        if (sums.length == 0) {
            sums = new double[dim];
        }
        if (position == 0) {
            Arrays.fill(sums, 0);
        }
        for (int i = 0; i < dim; i++) {
            sums[i] += rows.get((long) row * dim + i);
        }
        complete = position == numPositions - 1;
    }

    @Override
    public List<GenerationEvent> events() {
        if (!complete) {
            return List.of();
        }
        complete = false;
        return List.of(new Embedded(requestId, normalized()));
    }

    /** The sums' direction, which is the mean's; a vector of zeros stays one. */
    private List<Float> normalized() {
        double length = Math.sqrt(Arrays.stream(sums).map(sum -> sum * sum).sum());
        List<Float> vector = new ArrayList<>(sums.length);
        for (double sum : sums) {
            vector.add(length == 0 ? 0f : (float) (sum / length));
        }
        return List.copyOf(vector);
    }
}
