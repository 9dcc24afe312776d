package dev.troupe.actors.training.run;

import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.eval.LossRecorder;
import dev.troupe.model.eval.LossSample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How a run goes, from the lines of its metrics: in bounded memory, whatever its length. Not thread-safe. */
public final class RunCurve {
    /**
     * The curve until now.
     *
     * @param step steps taken
     * @param tokens trained on
     * @param parameters of the model; 0 when the metrics do not say
     * @param losses of steps, and on held-out text
     * @param evaluations by whom and how long, with the scores of tasks
     * @param shadow what the model that the run is compared with had, when it was evaluated
     * @param speed of steps
     * @param reshapes changes of the mesh, in the order in which they happened
     * @param restarts from earlier checkpoints because later ones were damaged, in the order in which they happened
     * @param rollbacks to earlier checkpoints, in the order in which they happened
     * @param recoveries after nodes were lost, in the order in which they happened
     * @param nodes that train, with their memory, as they were seated last
     */
    public record View(
            long step,
            long tokens,
            long parameters,
            LossCurve losses,
            List<MetricsLine.Evaluation> evaluations,
            List<MetricsLine.Shadow> shadow,
            List<SpeedRecorder.Sample> speed,
            List<MetricsLine.Reshape> reshapes,
            List<MetricsLine.Restart> restarts,
            List<MetricsLine.Rollback> rollbacks,
            List<MetricsLine.Recovery> recoveries,
            List<NodeResources> nodes) {
        public View {
            evaluations = List.copyOf(evaluations);
            shadow = List.copyOf(shadow);
            speed = List.copyOf(speed);
            reshapes = List.copyOf(reshapes);
            restarts = List.copyOf(restarts);
            rollbacks = List.copyOf(rollbacks);
            recoveries = List.copyOf(recoveries);
            nodes = List.copyOf(nodes);
        }
    }

    private final LossRecorder recorder = LossRecorder.from(LossCurve.empty());
    private final SpeedRecorder speed = new SpeedRecorder();
    private final List<MetricsLine.Evaluation> evaluations = new ArrayList<>();
    private final List<MetricsLine.Shadow> shadow = new ArrayList<>();
    private final List<MetricsLine.Reshape> reshapes = new ArrayList<>();
    private final List<MetricsLine.Restart> restarts = new ArrayList<>();
    private final List<MetricsLine.Rollback> rollbacks = new ArrayList<>();
    private final List<MetricsLine.Recovery> recoveries = new ArrayList<>();
    private List<NodeResources> nodes = List.of();
    private double peakGflops; // the latest that is known
    private double flopsPerToken;
    private long parameters;
    private long step;
    private long tokens;

    /** The curve of a metrics file. Blocks on the disk. */
    public static View read(Path metrics) {
        RunCurve curve = new RunCurve();
        MetricsFile.read(metrics).forEach(curve::add);
        return curve.view();
    }

    /** Adds the next line. */
    void add(MetricsLine line) {
        switch (line) {
            case MetricsLine.Step taken -> {
                recorder.training(taken.step(), taken.tokens(), taken.loss());
                speed.add(
                        taken.step(),
                        taken.tokens() - tokens,
                        taken.seconds(),
                        taken.communicationSeconds(),
                        1e9 * peakGflops);
                step = taken.step();
                tokens = taken.tokens();
            }
            case MetricsLine.Evaluation evaluation -> evaluations.add(evaluation);
            case MetricsLine.Shadow measured -> shadow.add(measured);
            case MetricsLine.Reshape reshape -> reshapes.add(reshape);
            case MetricsLine.Restart restart -> restarts.add(restart);
            case MetricsLine.Rollback rollback -> rollbacks.add(rollback);
            case MetricsLine.Begin begin -> {
                parameters = begin.parameters();
                flopsPerToken = begin.flopsPerToken();
                seated(begin.nodes().isEmpty() ? nodes : begin.nodes());
            }
            case MetricsLine.Seating seating -> seated(seating.nodes());
            case MetricsLine.Recovery recovery -> {
                recoveries.add(recovery);
                seated(recovery.nodes());
            }
            default -> {
                // says nothing of how it goes
            }
        }
    }

    private void seated(List<NodeResources> seated) {
        nodes = seated;
        peakGflops = NodeResources.peakGflops(nodes, peakGflops);
    }

    /** What the lines until now say. */
    View view() {
        List<LossSample> training = recorder.curve().training();
        for (MetricsLine.Evaluation evaluation : evaluations) {
            recorder.validation(evaluation.step(), tokensAt(training, evaluation.step()), evaluation.valLoss());
        }
        return new View(
                step,
                tokens,
                parameters,
                recorder.curve(),
                evaluations,
                shadow,
                speed.samples(flopsPerToken),
                reshapes,
                restarts,
                rollbacks,
                recoveries,
                nodes);
    }

    /** Tokens trained on until a step; between samples, which may be the mean of several steps, in proportion. */
    private static long tokensAt(List<LossSample> training, long step) {
        long fromStep = 0;
        long fromTokens = 0;
        for (LossSample sample : training) {
            if (sample.step() >= step) {
                double share = (double) (step - fromStep) / (sample.step() - fromStep);
                return fromTokens + Math.round(share * (sample.tokens() - fromTokens));
            }
            fromStep = sample.step();
            fromTokens = sample.tokens();
        }
        return fromTokens;
    }
}
