package dev.troupe.model.mesh;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.VectorKernelProvider;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.optim.AdamWOptions;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.sampling.CounterRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Small models, something for them to learn, and meshes whose ranks are threads of this process. */
public final class TestMeshes {
    public static final int ACCUMULATION = 4;

    private static final int BATCH = 2;
    private static final int TIME = 12;

    /** What a rank does. */
    @FunctionalInterface
    public interface RankBody<T> {
        T run(int rank, RankState state, RankProgram program) throws Exception;
    }

    /** Puts something around a group of a rank. */
    @FunctionalInterface
    interface GroupWrapper {
        Communicator wrap(int rank, String name, Communicator group);
    }

    private TestMeshes() {}

    /** Dropout included: its masks must not depend on the split. */
    public static ModelConfig llama(boolean tied) {
        return new ModelConfig(
                "llama",
                67,
                32,
                4,
                4,
                2,
                8,
                48,
                TIME,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                tied,
                false,
                0.1f);
    }

    public static ModelConfig gpt2() {
        return new ModelConfig(
                "gpt2",
                67,
                32,
                4,
                4,
                4,
                8,
                64,
                TIME,
                NormKind.LAYER,
                1e-5f,
                MlpKind.GELU,
                PositionKind.LEARNED,
                10_000,
                true,
                true,
                0.1f);
    }

    /** Settings of a small training. */
    public static MeshSettings settings(ModelConfig model, String mesh, int zero, int recompute) {
        return new MeshSettings(
                model,
                Mesh.parse(mesh),
                ZeroStage.of(zero),
                BATCH,
                TIME,
                ACCUMULATION,
                recompute,
                AdamWOptions.gpt3(1e-2, 0, 100),
                7);
    }

    static Kernels kernels() {
        return new VectorKernelProvider().create(FixedComputePool.create(1));
    }

    /** The next step of a training whose steps are all alike. */
    public static StepOutcome step(RankProgram program, double learningRate) {
        return program.step(StepOrder.regular(program.state().step(), ACCUMULATION, learningRate));
    }

    static void fill(MeshSettings settings, long number, int[] inputs, int[] targets) {
        int vocabulary = settings.model().vocabSize();
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = (int) (CounterRandom.uniform(5, number, i) * vocabulary);
            targets[i] = (3 * inputs[i] + 1) % vocabulary; // something that can be learned
        }
    }

    /** Runs all ranks of a mesh, and gives what each of them came to, in order. */
    public static <T> List<T> run(MeshSettings settings, RankBody<T> body) throws Exception {
        return run(settings, (_, _, group) -> group, body);
    }

    /** The same, with something around the groups of ranks. */
    static <T> List<T> run(MeshSettings settings, GroupWrapper wrapper, RankBody<T> body) throws Exception {
        Mesh mesh = settings.mesh();
        Map<String, TestGroup> groups = new ConcurrentHashMap<>();
        List<Future<T>> ranks = new ArrayList<>();
        List<T> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(mesh.ranks())) {
            for (int i = 0; i < mesh.ranks(); i++) {
                int rank = i;
                ranks.add(threads.submit(() -> runRank(settings, rank, groups, wrapper, body)));
            }
            for (Future<T> rank : ranks) {
                results.add(rank.get(300, TimeUnit.SECONDS));
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
        return results;
    }

    /** Runs the only rank of a mesh over a state that is the caller's. */
    static void run(MeshSettings settings, RankState state, Consumer<RankProgram> body) {
        try (RankGroups groups = RankGroups.open(
                        settings.mesh(),
                        0,
                        settings.model().tiedEmbeddings(),
                        (_, members) -> new TestGroup(members.size()).member(0));
                RankProgram program = new RankProgram(
                        settings,
                        0,
                        state,
                        groups,
                        kernels(),
                        (number, inputs, targets) -> fill(settings, number, inputs, targets),
                        UnaryOperator.identity())) {
            body.accept(program);
        }
    }

    private static <T> T runRank(
            MeshSettings settings, int rank, Map<String, TestGroup> groups, GroupWrapper wrapper, RankBody<T> body)
            throws Exception {
        try (RankState state = new RankState(settings, rank);
                RankGroups own = RankGroups.open(
                        settings.mesh(),
                        rank,
                        settings.model().tiedEmbeddings(),
                        (name, members) -> wrapper.wrap(
                                rank,
                                name,
                                groups.computeIfAbsent(name, _ -> new TestGroup(members.size()))
                                        .member(members.indexOf(rank))));
                RankProgram program = new RankProgram(
                        settings,
                        rank,
                        state,
                        own,
                        kernels(),
                        (number, inputs, targets) -> fill(settings, number, inputs, targets),
                        UnaryOperator.identity())) {
            return body.run(rank, state, program);
        }
    }
}
