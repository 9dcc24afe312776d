package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Runs operations by providers and by the reference on equal seeded inputs, and reports the outputs that differ. An
 * operation is written once, as a function of the kernels and of a source of tensors that gives all runs the same
 * numbers.
 */
public final class Comparison {
    /** Gives an operation its tensors and notes which of them to compare. */
    public static final class Inputs {
        private final TensorArena arena;
        private final SplittableRandom random;
        private final List<String> names = new ArrayList<>();
        private final List<Tensor> outputs = new ArrayList<>();

        private Inputs(TensorArena arena, long seed) {
            this.arena = arena;
            this.random = new SplittableRandom(seed);
        }

        /** Normally distributed numbers. */
        public Tensor normal(int... shape) {
            Tensor tensor = arena.allocate(shape);
            for (long i = 0; i < tensor.size(); i++) {
                tensor.set(i, (float) random.nextGaussian());
            }
            return tensor;
        }

        /** As {@link #normal}, and compared after the run: a kernel may add to it or leave parts untouched. */
        public Tensor output(String name, int... shape) {
            Tensor tensor = normal(shape);
            names.add(name);
            outputs.add(tensor);
            return tensor;
        }

        /** Numbers in [from, to). */
        public int[] indices(int count, int from, int to) {
            int[] indices = new int[count];
            for (int i = 0; i < count; i++) {
                indices[i] = random.nextInt(from, to);
            }
            return indices;
        }

        /** For what an operation needs beside tensors of numbers; freed after the comparison. */
        public TensorArena arena() {
            return arena;
        }
    }

    /** An operation on made inputs. */
    @FunctionalInterface
    public interface Operation {
        void run(Kernels kernels, Inputs inputs);
    }

    /** Rounding of a product and of the sums of lanes, in units of the last place of a float32. */
    private static final double UNIT = 2e-6;

    /** From one bf16 to the next, of numbers up to 1. */
    private static final double BF16_UNIT = 0x1p-7;

    /** The same of fp16. */
    private static final double FP16_UNIT = 0x1p-10;

    private final Map<Kernels, Consumer<KernelDifference>> subjects;
    private final Kernels reference;
    private final long seed;
    private final Set<KernelUse> uses;
    private int comparisons;

    /**
     * @param subject whose kernels are in question
     * @param reference the scalar provider's
     * @param seed of the inputs
     * @param found hears of each output that differs
     */
    public Comparison(Kernels subject, Kernels reference, long seed, Consumer<KernelDifference> found) {
        this(Map.of(subject, found), reference, seed, KernelUse.all());
    }

    /**
     * Compares several with one run of the reference.
     *
     * @param subjects whose kernels are in question, and who hears of each of their outputs that differs
     * @param uses that brief contracts look at
     */
    public Comparison(
            Map<Kernels, Consumer<KernelDifference>> subjects, Kernels reference, long seed, Set<KernelUse> uses) {
        this.subjects = subjects;
        this.reference = reference;
        this.seed = seed;
        this.uses = uses;
    }

    /** Does a part of a brief contract where what it looks at is going to be used. */
    void where(KernelUse use, Runnable part) {
        if (uses.contains(use)) {
            part.run();
        }
    }

    /** Operations that were compared so far, with all subjects. */
    public int count() {
        return comparisons;
    }

    /**
     * Runs all and reports the outputs that differ.
     *
     * @param length of the longest sum behind an element: rounding grows with its root
     * @throws IllegalStateException naming operation and shape when a kernel throws
     */
    public void compare(String operation, String shape, int length, Operation body) {
        compare(operation, shape, UNIT * Math.sqrt(length + 1.0), body);
    }

    /**
     * As {@link #compare}, of numbers that were rounded after a sum as the operands of products are: two sums that
     * differ in their last place may round to neighbours.
     */
    public void compareOperands(String operation, String shape, int length, Operation body) {
        double rounding = switch (reference.precision()) {
            case FP32 -> 0;
            case BF16 -> BF16_UNIT;
            case FP16 -> FP16_UNIT;
        };
        compare(operation, shape, rounding + UNIT * Math.sqrt(length + 1.0), body);
    }

    private void compare(String operation, String shape, double unit, Operation body) {
        comparisons++;
        try (TensorArena arena = TensorArena.open("kernels.check")) {
            Inputs theirs = new Inputs(arena, seed);
            run(operation, shape, body, reference, theirs);
            subjects.forEach((subject, found) -> {
                try (TensorArena own = TensorArena.open("kernels.check")) {
                    Inputs mine = new Inputs(own, seed);
                    run(operation, shape, body, subject, mine);
                    compare(operation, shape, unit, mine, theirs, found);
                }
            });
        }
    }

    private static void compare(
            String operation, String shape, double unit, Inputs mine, Inputs theirs, Consumer<KernelDifference> found) {
        for (int i = 0; i < mine.outputs.size(); i++) {
            double tolerance = unit * Math.max(1, greatest(theirs.outputs.get(i)));
            double error = distance(mine.outputs.get(i), theirs.outputs.get(i));
            if (!(error <= tolerance)) { // also when it is not a number
                found.accept(new KernelDifference(operation, shape, mine.names.get(i), error, tolerance));
            }
        }
    }

    private static void run(String operation, String shape, Operation body, Kernels kernels, Inputs inputs) {
        try {
            body.run(kernels, inputs);
        } catch (RuntimeException e) {
            throw new IllegalStateException(operation + " of " + kernels.name() + " failed at " + shape, e);
        }
    }

    private static double greatest(Tensor tensor) {
        double greatest = 0;
        for (long i = 0; i < tensor.size(); i++) {
            greatest = Math.max(greatest, Math.abs(tensor.get(i)));
        }
        return greatest;
    }

    private static double distance(Tensor a, Tensor b) {
        double greatest = 0;
        for (long i = 0; i < a.size(); i++) {
            greatest = Math.max(greatest, Math.abs((double) a.get(i) - b.get(i)));
        }
        return greatest;
    }
}
