package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Runs operations by implementations and by the reference on equal seeded inputs, and reports the outputs that differ.
 * An operation is written once, as a function of the kernels and of a source of tensors that gives all runs the same
 * numbers.
 *
 * @param <K> what does the operations
 */
public final class Comparison<K> {
    /**
     * What is compared.
     *
     * @param name for messages
     */
    public record Subject<K>(String name, K kernels) {
        /** A provider's kernels, under their name. */
        public static Subject<Kernels> of(Kernels kernels) {
            return new Subject<>(kernels.name(), kernels);
        }
    }

    /** Normally distributed numbers, which every operation gets from the first on: each is drawn once. */
    private static final class NormalNumbers {
        private final SplittableRandom random;
        private float[] drawn = {};

        NormalNumbers(long seed) {
            this.random = new SplittableRandom(seed);
        }

        float[] from(int start, int count) {
            int end = Math.addExact(start, count);
            int before = drawn.length;
            if (end > before) {
                drawn = Arrays.copyOf(drawn, end);
                for (int i = before; i < end; i++) {
                    drawn[i] = (float) random.nextGaussian();
                }
            }
            return Arrays.copyOfRange(drawn, start, end);
        }
    }

    /**
     * What an operation is given, in order: the first run draws it and the others find it, as drawing takes longer than
     * most kernels do.
     */
    private static final class Drawn {
        private final NormalNumbers numbers;
        private int next;
        private final SplittableRandom random;
        private final List<float[]> normal = new ArrayList<>();
        private final List<int[]> indices = new ArrayList<>();
        private final List<byte[]> weights = new ArrayList<>();

        Drawn(NormalNumbers numbers, long seed) {
            this.numbers = numbers;
            this.random = new SplittableRandom(seed);
        }

        private float[] normal(int count) {
            float[] taken = numbers.from(next, count);
            next += count;
            return taken;
        }

        private int[] indices(int count, int from, int to) {
            int[] drawn = new int[count];
            for (int i = 0; i < count; i++) {
                drawn[i] = random.nextInt(from, to);
            }
            return drawn;
        }

        private byte[] weights(StorageType type, int count) {
            byte[] stored = new byte[Math.toIntExact(type.bytes(count))];
            Quantization.write(type, count, MemorySegment.ofArray(normal(count)), MemorySegment.ofArray(stored));
            return stored;
        }
    }

    /** Gives an operation its tensors and notes which of them to compare. */
    public static final class Inputs {
        private final TensorArena arena;
        private final Drawn drawn;
        private final boolean garbage;
        private final List<Output> outputs = new ArrayList<>();
        private int numNormal;
        private int numIndices;
        private int numWeights;

        /** @param garbage whether results are not numbers before the run */
        private Inputs(TensorArena arena, Drawn drawn, boolean garbage) {
            this.arena = arena;
            this.drawn = drawn;
            this.garbage = garbage;
        }

        /** Number {@code i} of what is drawn. */
        private static <T> T at(List<T> all, int i, Supplier<T> draw) {
            if (i == all.size()) {
                all.add(draw.get());
            }
            return all.get(i);
        }

        /** Normally distributed numbers. */
        public Tensor normal(int... shape) {
            Tensor tensor = arena.allocate(shape);
            int count = Math.toIntExact(tensor.size());
            // At once: in a process that has just started, each access to native memory takes a microsecond.
            float[] numbers = at(drawn.normal, numNormal++, () -> drawn.normal(count));
            // A kernel that is wrong may give an operand of another shape: it gets numbers, too, and is found out
            // later.
            tensor.copyFrom(numbers.length == count ? numbers : drawn.normal(count));
            return tensor;
        }

        /** As {@link #normal}, and compared after the run: what a kernel reads and changes, or adds to. */
        public Tensor output(String name, int... shape) {
            Tensor tensor = normal(shape);
            outputs.add(new Output(name, tensor));
            return tensor;
        }

        /**
         * What a kernel writes without reading it: the reference finds numbers in it, the others what is no number, and
         * both must come to the same, and leave the same parts untouched.
         */
        public Tensor result(String name, int... shape) {
            Tensor tensor = normal(shape);
            if (garbage) {
                float[] none = new float[Math.toIntExact(tensor.size())];
                Arrays.fill(none, Float.NaN);
                tensor.copyFrom(none);
            }
            outputs.add(new Output(name, tensor));
            return tensor;
        }

        /** Numbers in [from, to). */
        public int[] indices(int count, int from, int to) {
            return at(drawn.indices, numIndices++, () -> drawn.indices(count, from, to))
                    .clone();
        }

        /** Rows of normally distributed numbers as a file of this type has them. */
        public MemorySegment weights(StorageType type, int rows, int columns) {
            byte[] stored =
                    at(drawn.weights, numWeights++, () -> drawn.weights(type, Math.multiplyExact(rows, columns)));
            MemorySegment weights = arena.allocateBytes(stored.length);
            MemorySegment.copy(stored, 0, weights, ValueLayout.JAVA_BYTE, 0, stored.length);
            return weights;
        }

        /** For what an operation needs beside tensors of numbers; freed after the comparison. */
        public TensorArena arena() {
            return arena;
        }
    }

    /** A tensor that is compared, and what it held before the run. */
    private static final class Output {
        private final String name;
        private final Tensor tensor;
        private final float[] before;
        private float[] after = {};

        private Output(String name, Tensor tensor) {
            this.name = name;
            this.tensor = tensor;
            this.before = tensor.toArray();
        }

        /** After the run. */
        private void read() {
            after = tensor.toArray();
        }

        private boolean untouched(int i) {
            return Float.floatToRawIntBits(after[i]) == Float.floatToRawIntBits(before[i]);
        }

        /** The greatest difference, NaN where one side only is a number. */
        private double distance(Output other) {
            double greatest = 0;
            for (int i = 0; i < before.length; i++) {
                if (!(untouched(i) && other.untouched(i))) {
                    greatest = Math.max(greatest, Math.abs((double) after[i] - other.after[i]));
                }
            }
            return greatest;
        }

        /** As {@link #distance}, where neither is a number counting as equal: for results whose bits are fixed. */
        private double distanceOfBits(Output other) {
            double greatest = 0;
            for (int i = 0; i < before.length; i++) {
                boolean equal = Float.compare(after[i], other.after[i]) == 0;
                if (!equal && !(untouched(i) && other.untouched(i))) {
                    double error = Math.abs((double) after[i] - other.after[i]);
                    greatest = Math.max(greatest, Math.max(Double.MIN_VALUE, error));
                }
            }
            return greatest;
        }

        private double greatest() {
            double greatest = 0;
            for (float value : after) {
                greatest = Math.max(greatest, Math.abs(value));
            }
            return greatest;
        }
    }

    /** An operation on made inputs. */
    @FunctionalInterface
    public interface Operation<K> {
        void run(K kernels, Inputs inputs);
    }

    /** Rounding of a product and of the sums of lanes, in units of the last place of a float32. */
    private static final double UNIT = 2e-6;

    /** From one bf16 to the next, of numbers up to 1. */
    private static final double BF16_UNIT = 0x1p-7;

    /** The same of fp16. */
    private static final double FP16_UNIT = 0x1p-10;

    private final Map<Subject<K>, Consumer<KernelDifference>> subjects;
    private final Subject<K> reference;
    private final Precision precision;
    private final long seed;
    private final Set<KernelUse> uses;
    private final NormalNumbers numbers;
    private int comparisons;

    /**
     * Compares several with one run of the reference.
     *
     * @param subjects whose kernels are in question, and who hears of each of their outputs that differs
     * @param reference the scalar implementation
     * @param precision of the operands of products, in both
     * @param seed of the inputs
     * @param uses that brief contracts look at
     */
    public Comparison(
            Map<Subject<K>, Consumer<KernelDifference>> subjects,
            Subject<K> reference,
            Precision precision,
            long seed,
            Set<KernelUse> uses) {
        this.subjects = subjects;
        this.reference = reference;
        this.precision = precision;
        this.seed = seed;
        this.uses = uses;
        this.numbers = new NormalNumbers(seed);
    }

    /** Compares a provider's kernels in all that they do with those of the scalar provider of their precision. */
    public static Comparison<Kernels> of(
            Kernels subject, Kernels reference, long seed, Consumer<KernelDifference> found) {
        return new Comparison<>(
                Map.of(Subject.of(subject), found),
                Subject.of(reference),
                reference.precision(),
                seed,
                KernelUse.all());
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
    public void compare(String operation, String shape, int length, Operation<K> body) {
        compareWithin(UNIT * Math.sqrt(length + 1.0), operation, shape, body);
    }

    /**
     * As {@link #compare}, of numbers that were rounded after a sum as the operands of products are: two sums that
     * differ in their last place may round to neighbours.
     */
    public void compareOperands(String operation, String shape, int length, Operation<K> body) {
        double rounding = switch (precision) {
            case FP32 -> 0;
            case BF16 -> BF16_UNIT;
            case FP16 -> FP16_UNIT;
        };
        compareWithin(rounding + UNIT * Math.sqrt(length + 1.0), operation, shape, body);
    }

    /** As {@link #compare}, of results whose every bit the operation fixes; what is not a number equals its like. */
    public void compareBits(String operation, String shape, Operation<K> body) {
        compareWithin(0, operation, shape, body);
    }

    private void compareWithin(double unit, String operation, String shape, Operation<K> body) {
        comparisons++;
        try (TensorArena arena = TensorArena.open("kernels.check")) {
            Drawn drawn = new Drawn(numbers, seed);
            Inputs theirs = new Inputs(arena, drawn, false);
            run(operation, shape, body, reference, theirs);
            subjects.forEach((subject, found) -> {
                try (TensorArena own = TensorArena.open("kernels.check")) {
                    Inputs mine = new Inputs(own, drawn, true);
                    run(operation, shape, body, subject, mine);
                    compare(operation, shape, unit, mine, theirs, found);
                }
            });
        }
    }

    private static void compare(
            String operation, String shape, double unit, Inputs mine, Inputs theirs, Consumer<KernelDifference> found) {
        for (int i = 0; i < mine.outputs.size(); i++) {
            Output expected = theirs.outputs.get(i);
            Output actual = mine.outputs.get(i);
            double tolerance = unit == 0 ? 0 : unit * Math.max(1, expected.greatest());
            double error = unit == 0 ? actual.distanceOfBits(expected) : actual.distance(expected);
            if (!(error <= tolerance)) { // also when it is not a number
                found.accept(new KernelDifference(operation, shape, actual.name, error, tolerance));
            }
        }
    }

    private static <K> void run(String operation, String shape, Operation<K> body, Subject<K> of, Inputs inputs) {
        try {
            body.run(of.kernels(), inputs);
        } catch (RuntimeException e) {
            throw new IllegalStateException(operation + " of " + of.name() + " failed at " + shape, e);
        }
        inputs.outputs.forEach(Output::read);
    }
}
