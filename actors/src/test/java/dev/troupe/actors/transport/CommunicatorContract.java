package dev.troupe.actors.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.Parts;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every operation, on groups of 1 to 5 ranks and random sizes, against sums in the documented order, bit for bit. */
abstract class CommunicatorContract {
    private static final int MAX_RANKS = 5;
    /** More than a piece of the ring and than a step of a local link. */
    private static final int LARGE = 700_001;

    private static final float[] SCALES = {1e-3f, 1e-2f, 0.1f, 1, 10, 100, 1e3f};

    /** A new group of this size. */
    abstract List<Communicator> group(int size);

    /** One rank's numbers of an operation: of very different sizes, so that another order would give other bits. */
    private static float[] numbers(long seed, int rank, int size) {
        Random random = new Random(seed * 31 + rank);
        float[] numbers = new float[size];
        for (int i = 0; i < size; i++) {
            numbers[i] = (random.nextFloat() - 0.5f) * SCALES[random.nextInt(SCALES.length)];
        }
        return numbers;
    }

    /** Sums of chunk c in the order x[c+1] + x[c+2] + ... + x[c+n]. */
    private static float[] sums(long seed, int ranks, int size, long[] bounds) {
        float[][] all = new float[ranks][];
        for (int r = 0; r < ranks; r++) {
            all[r] = numbers(seed, r, size);
        }
        float[] sums = new float[size];
        for (int c = 0; c < ranks; c++) {
            for (int i = (int) bounds[c]; i < bounds[c + 1]; i++) {
                float sum = all[(c + 1) % ranks][i];
                for (int k = 2; k <= ranks; k++) {
                    sum += all[(c + k) % ranks][i];
                }
                sums[i] = sum;
            }
        }
        return sums;
    }

    private static long[] randomBounds(Random random, int ranks, int size) {
        long[] bounds = new long[ranks + 1];
        for (int r = 1; r < ranks; r++) {
            bounds[r] = random.nextInt(4) == 0 ? 0 : random.nextInt(size + 1); // empty parts are common
        }
        bounds[ranks] = size;
        Arrays.sort(bounds);
        return bounds;
    }

    private static Tensor tensor(TensorArena arena, float[] numbers) {
        Tensor tensor = arena.allocate(numbers.length);
        for (int i = 0; i < numbers.length; i++) {
            tensor.set(i, numbers[i]);
        }
        return tensor;
    }

    private static void assertBits(float[] actual, float[] expected) {
        assertThat(Arrays.mismatch(actual, expected)).as("first difference").isEqualTo(-1);
    }

    private static int size(Random random, int round) {
        return switch (round % 12) {
            case 0 -> random.nextInt(7); // fewer than ranks
            case 1 -> 1 + random.nextInt(100);
            case 11 -> LARGE + random.nextInt(1000);
            default -> 1 + random.nextInt(20_000);
        };
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void operationsGiveTheReferencesBits(long seed) {
        for (int ranks = 1; ranks <= MAX_RANKS; ranks++) {
            int n = ranks;
            List<Communicator> group = group(ranks);
            try (TensorArena arena = TensorArena.open("test.collective")) {
                Ranks.run(group, communicator -> {
                    Random random = new Random(seed * 100 + n); // the same on all ranks
                    for (int round = 0; round < 24; round++) {
                        operate(communicator, arena, random, seed * 1000 + round, size(random, round));
                    }
                    return "done";
                });
            } finally {
                group.forEach(Communicator::close);
            }
        }
    }

    private static void operate(Communicator communicator, TensorArena arena, Random random, long seed, int size) {
        int ranks = communicator.size();
        int rank = communicator.rank();
        Tensor values = tensor(arena, numbers(seed, rank, size));
        long[] bounds = randomBounds(random, ranks, size);
        int root = random.nextInt(ranks);
        switch (random.nextInt(6)) {
            case 0 -> {
                communicator.allReduce(values);
                assertBits(values.toArray(), sums(seed, ranks, size, Parts.even(size, ranks)));
            }
            case 1 -> {
                communicator.reduceScatter(values, bounds);
                int from = (int) bounds[rank];
                int to = (int) bounds[rank + 1];
                assertBits(
                        Arrays.copyOfRange(values.toArray(), from, to),
                        Arrays.copyOfRange(sums(seed, ranks, size, bounds), from, to));
            }
            case 2 -> {
                communicator.allGather(values, bounds);
                float[] expected = new float[size];
                for (int r = 0; r < ranks; r++) {
                    int from = (int) bounds[r];
                    System.arraycopy(numbers(seed, r, size), from, expected, from, (int) bounds[r + 1] - from);
                }
                assertBits(values.toArray(), expected);
            }
            case 3 -> {
                communicator.broadcast(values, root);
                assertBits(values.toArray(), numbers(seed, root, size));
            }
            case 4 -> passRound(communicator, arena, values, seed, size);
            default -> {
                int counts = random.nextInt(200);
                double[] gathered = communicator.gather(doubles(seed, rank, counts));
                double[] expected = DoubleStream.empty().toArray();
                for (int r = 0; r < ranks; r++) {
                    double[] part = doubles(seed, r, counts);
                    int at = expected.length;
                    expected = Arrays.copyOf(expected, at + part.length);
                    System.arraycopy(part, 0, expected, at, part.length);
                }
                assertThat(gathered).isEqualTo(expected);
            }
        }
    }

    /** Rank 0 sends to 1, which passes on what it has plus its own, until it is back; then all know the sum's bits. */
    private static void passRound(Communicator communicator, TensorArena arena, Tensor values, long seed, int size) {
        int ranks = communicator.size();
        int rank = communicator.rank();
        if (ranks == 1) {
            return;
        }
        Tensor received = arena.allocate(size);
        if (rank > 0) {
            communicator.receive(received, rank - 1);
            assertBits(received.toArray(), numbers(seed, rank - 1, size));
        }
        communicator.send(values, (rank + 1) % ranks);
        if (rank == 0) {
            communicator.receive(received, ranks - 1);
            assertBits(received.toArray(), numbers(seed, ranks - 1, size));
        }
    }

    /** Other counts on other ranks, some more than a block. */
    private static double[] doubles(long seed, int rank, int counts) {
        return new Random(seed + rank)
                .doubles((counts * (long) (rank + 1)) % 150)
                .toArray();
    }

    @Test
    void gatherTakesUpToItsBoundAndRefusesMore() {
        List<Communicator> group = group(3);
        try {
            List<double[]> all = Ranks.run(group, communicator -> {
                double[] own = new double[communicator.rank() == 1 ? 65_536 : 1];
                Arrays.fill(own, communicator.rank() + 0.5);
                return communicator.gather(own);
            });
            for (double[] gathered : all) {
                assertThat(gathered).hasSize(65_538).isEqualTo(all.getFirst());
                assertThat(gathered[0]).isEqualTo(0.5);
                assertThat(gathered[65_536]).isEqualTo(1.5);
                assertThat(gathered[65_537]).isEqualTo(2.5);
            }
            assertThatThrownBy(() -> group.getFirst().gather(new double[65_537]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("65537");
        } finally {
            group.forEach(Communicator::close);
        }
    }

    @Test
    void wrongArgumentsAreNamedAndHarmNobody() {
        List<Communicator> group = group(2);
        try (TensorArena arena = TensorArena.open("test.collective")) {
            Tensor values = arena.allocate(10);
            Communicator first = group.getFirst();
            assertThatThrownBy(() -> first.reduceScatter(values, new long[] {0, 11, 10}))
                    .hasMessageContaining("[0, 11, 10]")
                    .hasMessageContaining("10 elements");
            assertThatThrownBy(() -> first.allGather(values, new long[] {0, 10}))
                    .hasMessageContaining("2 ranks");
            assertThatThrownBy(() -> first.broadcast(values, 2)).hasMessageContaining("no rank 2");
            assertThatThrownBy(() -> first.send(values, 0)).hasMessageContaining("itself");
            assertThatThrownBy(() -> first.receive(values, -1)).hasMessageContaining("no rank -1");
            Ranks.run(group, communicator -> {
                Tensor own = tensor(arena, new float[] {communicator.rank() + 1});
                communicator.allReduce(own);
                assertThat(own.get(0)).isEqualTo(3);
                return "done";
            });
        } finally {
            group.forEach(Communicator::close);
        }
    }

    @Test
    void tensorsBetweenTwoRanksArriveInOrder() {
        List<Communicator> group = group(2);
        try (TensorArena arena = TensorArena.open("test.collective")) {
            Ranks.run(group, communicator -> {
                List<Float> seen = new ArrayList<>();
                for (int i = 0; i < 500; i++) {
                    Tensor value = tensor(arena, new float[] {i});
                    if (communicator.rank() == 0) {
                        communicator.send(value, 1);
                    } else {
                        communicator.receive(value, 0);
                        seen.add(value.get(0));
                    }
                }
                assertThat(seen).isSorted();
                return "done";
            });
        } finally {
            group.forEach(Communicator::close);
        }
    }

    /** 40 MiB each way, far more than a connection's buffers and an offer hold; sends alone would never end. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void largeTensorsCrossEachOther(int ranks) {
        int size = 10 << 20;
        List<Communicator> group = group(ranks);
        try (TensorArena arena = TensorArena.open("test.collective")) {
            Ranks.run(group, communicator -> {
                int rank = communicator.rank();
                int next = (rank + 1) % ranks;
                int previous = (rank + ranks - 1) % ranks;
                Tensor outgoing = arena.allocate(size);
                Tensor incoming = arena.allocate(size);
                for (int round = 0; round < 2; round++) {
                    for (int i = 0; i < size; i += 997) {
                        outgoing.set(i, rank * 1e7f + i + round);
                    }
                    communicator.sendReceive(outgoing, next, incoming, previous);
                    for (int i = 0; i < size; i += 997) {
                        assertThat(incoming.get(i)).isEqualTo(previous * 1e7f + i + round);
                    }
                }
                assertThatThrownBy(() -> communicator.sendReceive(outgoing, rank, incoming, previous))
                        .hasMessageContaining("itself");
                return "done";
            });
        } finally {
            group.forEach(Communicator::close);
        }
    }

    /** What one rank does at once, another may do one after the other. */
    @Test
    void anExchangeIsASendAndAReceive() {
        List<Communicator> group = group(2);
        try (TensorArena arena = TensorArena.open("test.collective")) {
            Ranks.run(group, communicator -> {
                Tensor own = tensor(arena, new float[] {communicator.rank() + 1});
                Tensor other = arena.allocate(1);
                if (communicator.rank() == 0) {
                    communicator.sendReceive(own, 1, other, 1);
                } else {
                    communicator.receive(other, 0);
                    communicator.send(own, 0);
                }
                assertThat(other.get(0)).isEqualTo(2 - communicator.rank());
                return "done";
            });
        } finally {
            group.forEach(Communicator::close);
        }
    }
}
