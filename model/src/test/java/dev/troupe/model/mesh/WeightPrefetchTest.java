package dev.troupe.model.mesh;

import static dev.troupe.model.mesh.TestMeshes.gpt2;
import static dev.troupe.model.mesh.TestMeshes.llama;
import static dev.troupe.model.mesh.TestMeshes.settings;
import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.SoloCommunicator;
import dev.troupe.model.tensor.Tensor;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** ZeRO 3 gathers the next block's weights while one computes. */
class WeightPrefetchTest {
    private static final long GATHER_NANOS = 20_000_000;
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    /** Two ranks of which the other gives nothing: gathering takes its time, and how often it happens is counted. */
    private static final class SlowGather implements Communicator {
        private final SoloCommunicator solo = new SoloCommunicator();
        private final List<Thread> gatherers = new CopyOnWriteArrayList<>();

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int size() {
            return 2;
        }

        @Override
        public void allGather(Tensor values, long[] bounds) {
            LockSupport.parkNanos(GATHER_NANOS);
            gatherers.add(Thread.currentThread());
        }

        @Override
        public void allReduce(Tensor values) {
            solo.allReduce(values);
        }

        @Override
        public void reduceScatter(Tensor values, long[] bounds) {}

        @Override
        public void broadcast(Tensor values, int root) {}

        @Override
        public void send(Tensor values, int to) {}

        @Override
        public void receive(Tensor values, int from) {}

        @Override
        public void sendReceive(Tensor outgoing, int to, Tensor incoming, int from) {}

        @Override
        public double[] gather(double... own) {
            return solo.gather(own);
        }

        @Override
        public void close() {}
    }

    private static RankGroups groups(SlowGather weights) {
        SoloCommunicator solo = new SoloCommunicator();
        return new RankGroups(solo, solo, weights, weights, null, null, null, null, null);
    }

    @Test
    void gatheringHidesBehindComputing() {
        MeshSettings settings = settings(llama(true), "2x1x1", 3, 0);
        SlowGather weights = new SlowGather();
        try (RankState state = new RankState(settings, 0);
                PartExchange exchange =
                        new PartExchange(state, groups(weights), TestMeshes.kernels(), () -> {}, () -> {})) {
            int firstBlock = 1; // behind the table
            int blocks = settings.model().numLayers();
            exchange.beginStep();
            for (int block = 0; block < blocks; block++) {
                exchange.beforeForward(firstBlock + block);
                assertThat(weights.gatherers).as("each once").hasSize(block + 1);
                if (block + 1 < blocks) {
                    exchange.expect(firstBlock + block + 1);
                    awaitGathers(weights, block + 2); // the block computes until the next one is there
                }
            }
            assertThat(weights.gatherers).hasSize(blocks).doesNotContain(Thread.currentThread());
        }
    }

    private static void awaitGathers(SlowGather weights, int count) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (weights.gatherers.size() < count) {
            assertThat(System.nanoTime()).as("the next block is not on its way").isLessThan(end);
            LockSupport.parkNanos(100_000);
        }
    }

    /** A block that shares its window with the one in use is not brought in before that is done. */
    @Test
    void windowsInUseAreLeftAlone() {
        MeshSettings settings = settings(llama(true), "2x1x1", 3, 0);
        SlowGather weights = new SlowGather();
        try (RankState state = new RankState(settings, 0);
                PartExchange exchange =
                        new PartExchange(state, groups(weights), TestMeshes.kernels(), () -> {}, () -> {})) {
            exchange.beginStep();
            exchange.beforeForward(1);
            exchange.expect(3);
            exchange.expect(1);
            exchange.beginStep(); // waits for what is under way
            assertThat(weights.gatherers).hasSize(1);
            exchange.beforeForward(1);
            exchange.expect(2);
            exchange.beforeForward(4); // not what was expected, but in its window
            assertThat(weights.gatherers).hasSize(4);
        }
    }

    /** Bit for bit what ZeRO 2 computes, which has all weights all the time, and no part is gathered more often. */
    @ParameterizedTest
    @CsvSource({"2x1x1,0", "2x1x1,1", "2x1x1,2", "2x1x1,3", "2x1x2,0", "2x1x2,1", "4x1x1,2"})
    void numbersAreThoseOfWholeWeights(String mesh, int recompute) throws Exception {
        for (ModelConfig model : List.of(llama(false), gpt2())) {
            MeshTraining.Curve whole = MeshTraining.run(settings(model, mesh, 2, recompute), 4, 1e-2);
            MeshTraining.Curve split = MeshTraining.run(settings(model, mesh, 3, recompute), 4, 1e-2);
            assertThat(split.losses()).isEqualTo(whole.losses());
            assertThat(split.norms()).isEqualTo(whole.norms());
        }
    }
}
