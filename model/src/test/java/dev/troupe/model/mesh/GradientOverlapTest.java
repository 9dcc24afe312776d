package dev.troupe.model.mesh;

import static dev.troupe.model.mesh.TestMeshes.gpt2;
import static dev.troupe.model.mesh.TestMeshes.llama;
import static dev.troupe.model.mesh.TestMeshes.settings;
import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.parallel.Communicator;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Gradients of the head, which a backward pass completes first, are summed over the data axis while the pass goes on:
 * here their sum does not begin until the pass is as far as it can come without it. Sums of the tensor axis, which the
 * backward pass itself waits for, tell how far that is. If the pass waited for the sum of gradients, neither would end.
 */
class GradientOverlapTest {
    private static final long PATIENCE_MILLIS = 60_000;
    /** Of the backward pass of a block: the gradients of what attention and MLP read. */
    private static final int SUMS_OF_A_BLOCK = 2;
    /** With gradients split, blocks share two windows of memory: the third waits for the first one's sum. */
    private static final int WINDOWS = 2;

    /** What a rank has done so far, and where its gradients wait. */
    private static final class Progress {
        private long tensorSums;
        private long gradientSums;
        private long held = -1; // which sum of gradients waits
        private long until; // so many sums of the tensor axis
        private boolean wasHeld;

        synchronized void hold(long gradients, long tensors) {
            held = gradientSums + gradients;
            until = tensorSums + tensors;
        }

        synchronized void tensorSum() {
            tensorSums++;
            notifyAll();
        }

        synchronized void beforeGradients() throws InterruptedException {
            if (gradientSums++ != held) {
                return;
            }
            long end = System.nanoTime() + 1_000_000 * PATIENCE_MILLIS;
            while (tensorSums < until) {
                assertThat(System.nanoTime())
                        .as("the backward pass, at %d of %d sums, waits for gradients", tensorSums, until)
                        .isLessThan(end);
                wait(PATIENCE_MILLIS / 100);
            }
            wasHeld = true;
        }
    }

    private static Communicator watched(Communicator group, String name, Progress progress) {
        return (Communicator) Proxy.newProxyInstance(
                Communicator.class.getClassLoader(), new Class<?>[] {Communicator.class}, (_, method, arguments) -> {
                    boolean moves =
                            List.of("allReduce", "reduceScatter", "allGather").contains(method.getName());
                    if (moves && name.startsWith("gradients")) {
                        progress.beforeGradients();
                    }
                    try {
                        return method.invoke(group, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        if (moves && name.startsWith("tensor")) {
                            progress.tensorSum();
                        }
                    }
                });
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "2", "3"})
    void theBackwardPassGoesOnWhileGradientsAreSummed(int zero) throws Exception {
        for (ModelConfig model : List.of(llama(true), llama(false), gpt2())) {
            MeshSettings settings = settings(model, "2x2x1", zero, 0);
            List<Double> expected = MeshTraining.run(settings, 2, 1e-2).losses();
            Map<Integer, Progress> ranks = new ConcurrentHashMap<>();
            List<List<Double>> losses = TestMeshes.run(
                    settings,
                    (rank, name, group) -> watched(group, name, ranks.computeIfAbsent(rank, _ -> new Progress())),
                    (rank, state, program) -> {
                        Progress progress = Objects.requireNonNull(ranks.get(rank));
                        double first = TestMeshes.step(program, 1e-2).loss();
                        // Sums of the tensor axis in a step, and of gradients before its last backward pass.
                        progress.hold(headInLastPass(settings), progress.tensorSums - sumsThatWait(settings));
                        double second = TestMeshes.step(program, 1e-2).loss();
                        assertThat(progress.wasHeld).isTrue();
                        return List.of(first, second);
                    });
            assertThat(losses).allSatisfy(ofRank -> assertThat(ofRank).isEqualTo(expected));
        }
    }

    /** Which sum of gradients of a step is the head's in the last backward pass, from 0. */
    private static long headInLastPass(MeshSettings settings) {
        int parts = settings.model().numLayers() + 2;
        return settings.zero().splitsGradients() ? (settings.microBatches() - 1L) * parts : 0;
    }

    private static long sumsThatWait(MeshSettings settings) {
        int blocks = settings.zero().splitsGradients() ? settings.model().numLayers() - WINDOWS : 0;
        return (long) blocks * SUMS_OF_A_BLOCK;
    }
}
