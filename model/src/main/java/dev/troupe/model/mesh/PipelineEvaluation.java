package dev.troupe.model.mesh;

import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import org.jspecify.annotations.Nullable;

/**
 * One stage's part of an evaluation between two steps: windows forward without dropout, a micro-batch at a time. Each
 * replica of the data axis has a run of consecutive windows, and all have as many passes: where weights are split, they
 * take part in each other's.
 */
final class PipelineEvaluation implements AutoCloseable {
    private final MeshSettings settings;
    private final int replica;
    private final StageRange range;
    private final RankGroups groups;
    private final TrainingStage stage;
    private final TensorArena arena = TensorArena.open("train.activations");
    private final Tensor hidden; // [R, C], from the stage before

    /** An evaluation that borrows the activations of a stage. */
    PipelineEvaluation(
            MeshSettings settings, Mesh.Position at, StageRange range, RankGroups groups, TrainingStage stage) {
        this.settings = settings;
        this.replica = at.data();
        this.range = range;
        this.groups = groups;
        this.stage = stage;
        this.hidden = arena.allocate(
                range.hasEmbedding() ? 0 : settings.batch() * settings.time(),
                settings.model().dim());
    }

    /**
     * Evaluates windows [0, count).
     *
     * @return on the last stage [windows of this replica, 2], the sum of losses and the number of tokens of each; empty
     *     on the others
     */
    double[] run(int count, WindowSource source) {
        int from = firstWindow(count, replica);
        int to = firstWindow(count, replica + 1);
        int passes = Math.ceilDiv(Math.ceilDiv(count, settings.mesh().data()), settings.batch());
        double[] sums = new double[range.hasHead() ? 2 * (to - from) : 0];
        stage.weightsChanged();
        for (int pass = 0; pass < passes; pass++) {
            int first = from + pass * settings.batch();
            int windows = Math.clamp(to - first, 0, settings.batch());
            if (windows > 0) {
                int[] targets = forward(source, first, windows);
                if (range.hasHead()) {
                    sum(targets, sums, first - from);
                }
            } else {
                forward(source, 0, 1); // for the others' sake
            }
        }
        return sums;
    }

    private int firstWindow(int count, int ofReplica) {
        return (int) ((long) count * ofReplica / settings.mesh().data());
    }

    private int[] forward(WindowSource source, int first, int windows) {
        int time = settings.time();
        int[] inputs = new int[windows * time];
        int[] targets = new int[windows * time];
        for (int row = 0; row < windows && (range.hasEmbedding() || range.hasHead()); row++) {
            source.read(first + row, row, inputs, targets);
        }
        Tensor output;
        if (range.hasEmbedding()) {
            output = stage.evaluateLayers(inputs, time);
        } else {
            required(groups.fromPrevious()).receive(hidden, 0);
            output = stage.evaluateLayers(hidden, windows, time);
        }
        if (range.hasHead()) {
            stage.evaluateHead(targets);
        } else {
            required(groups.toNext()).send(output, 1);
        }
        return targets;
    }

    private void sum(int[] targets, double[] sums, int firstWindow) {
        Tensor losses = stage.tokenLosses();
        for (int i = 0; i < targets.length; i++) {
            if (targets[i] >= 0) {
                int window = firstWindow + i / settings.time();
                sums[2 * window] += losses.get(i);
                sums[2 * window + 1]++;
            }
        }
    }

    private static Communicator required(@Nullable Communicator link) {
        if (link == null) {
            throw new CommunicationException("this stage of the pipeline has no neighbour there");
        }
        return link;
    }

    @Override
    public void close() {
        arena.close();
    }
}
