package dev.troupe.model.mesh;

import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The plainest communicator between threads: everyone shows what it has, and sums in order of rank. For tests. */
public final class TestGroup {
    private static final long TIMEOUT_SECONDS = 60;

    private final int size;
    private final CyclicBarrier barrier;
    private final float[][] shown;
    private final double[][] numbers;
    private final List<BlockingQueue<float[]>> queues = new ArrayList<>();

    public TestGroup(int size) {
        this.size = size;
        this.barrier = new CyclicBarrier(size);
        this.shown = new float[size][];
        this.numbers = new double[size][];
        for (int i = 0; i < size * size; i++) {
            queues.add(new LinkedBlockingQueue<>());
        }
    }

    public Communicator member(int rank) {
        return new Member(rank);
    }

    private final class Member implements Communicator {
        private final int rank;

        private Member(int rank) {
            this.rank = rank;
        }

        @Override
        public int rank() {
            return rank;
        }

        @Override
        public int size() {
            return size;
        }

        @Override
        public void allReduce(Tensor values) {
            show(values);
            for (int i = 0; i < values.size(); i++) {
                values.set(i, sum(i));
            }
            meet();
        }

        @Override
        public void reduceScatter(Tensor values, long[] bounds) {
            show(values);
            for (int i = 0; i < values.size(); i++) {
                boolean own = i >= bounds[rank] && i < bounds[rank + 1];
                values.set(i, own ? sum(i) : Float.NaN); // undefined: nobody may read it
            }
            meet();
        }

        private float sum(int i) {
            float sum = shown[0][i];
            for (int other = 1; other < size; other++) {
                sum += shown[other][i];
            }
            return sum;
        }

        @Override
        public void allGather(Tensor values, long[] bounds) {
            show(values);
            for (int other = 0; other < size; other++) {
                for (long i = bounds[other]; i < bounds[other + 1]; i++) {
                    values.set(i, shown[other][(int) i]);
                }
            }
            meet();
        }

        @Override
        public void broadcast(Tensor values, int root) {
            show(values);
            for (int i = 0; i < values.size(); i++) {
                values.set(i, shown[root][i]);
            }
            meet();
        }

        @Override
        public void send(Tensor values, int to) {
            queues.get(rank * size + to).add(values.toArray());
        }

        @Override
        public void receive(Tensor values, int from) {
            try {
                float[] sent = queues.get(from * size + rank).poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
                if (sent == null || sent.length != values.size()) {
                    throw new CommunicationException("expected " + values + " from rank " + from);
                }
                for (int i = 0; i < sent.length; i++) {
                    values.set(i, sent[i]);
                }
            } catch (InterruptedException e) {
                throw new CommunicationException("interrupted", e);
            }
        }

        @Override
        public void sendReceive(Tensor outgoing, int to, Tensor incoming, int from) {
            send(outgoing, to);
            receive(incoming, from);
        }

        @Override
        public double[] gather(double... own) {
            numbers[rank] = own.clone();
            meet();
            double[] all =
                    Arrays.stream(numbers).flatMapToDouble(Arrays::stream).toArray();
            meet();
            return all;
        }

        private void show(Tensor values) {
            shown[rank] = values.toArray();
            meet();
        }

        private void meet() {
            try {
                barrier.await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw new CommunicationException("a rank is missing", e);
            }
        }

        @Override
        public void close() {
            barrier.reset();
        }
    }
}
