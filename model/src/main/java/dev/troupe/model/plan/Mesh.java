package dev.troupe.model.plan;

import java.util.ArrayList;
import java.util.List;

/**
 * How many devices each axis has. Tensor-parallel neighbours are nearest, then data-parallel ones, then stages of the
 * pipeline, so that the most talkative axis gets the fastest links.
 *
 * @param data d, copies of the model
 * @param tensor t, devices that share each layer
 * @param pipeline p, stages
 */
public record Mesh(int data, int tensor, int pipeline) {
    public Mesh {
        PlanArguments.positive("data", data);
        PlanArguments.positive("tensor", tensor);
        PlanArguments.positive("pipeline", pipeline);
    }

    /** d t p. */
    public int devices() {
        return data * tensor * pipeline;
    }

    /** Every mesh of a number of devices, by tensor and then pipeline size. */
    public static List<Mesh> of(int devices) {
        PlanArguments.positive("gpus", devices);
        List<Mesh> meshes = new ArrayList<>();
        for (int tensor : divisors(devices)) {
            for (int pipeline : divisors(devices / tensor)) {
                meshes.add(new Mesh(devices / tensor / pipeline, tensor, pipeline));
            }
        }
        return meshes;
    }

    static List<Integer> divisors(int number) {
        List<Integer> divisors = new ArrayList<>();
        for (int divisor = 1; divisor <= number; divisor++) {
            if (number % divisor == 0) {
                divisors.add(divisor);
            }
        }
        return divisors;
    }

    @Override
    public String toString() {
        return "data " + data + " x tensor " + tensor + " x pipeline " + pipeline;
    }
}
