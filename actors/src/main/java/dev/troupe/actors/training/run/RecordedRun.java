package dev.troupe.actors.training.run;

import dev.troupe.actors.training.mesh.TrainerProtocol.RecalledStep;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.eval.LossRecorder;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.StepOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a run stands by its records. One that is resumed stands at its checkpoint. One whose coordinator is lost stands
 * at the last step that is in the metrics, or that trainer nodes remember where the metrics end; states in memory may
 * be of an earlier step, from which steps are taken again, but not recorded again.
 *
 * @param step steps taken
 * @param lines the metrics up to it
 * @param orders of the steps since the checkpoint, or the beginning
 */
record RecordedRun(long step, List<MetricsLine> lines, List<StepOrder> orders) {
    RecordedRun {
        lines = List.copyOf(lines);
        orders = List.copyOf(orders);
    }

    /**
     * A run that goes on from a checkpoint, or begins.
     *
     * @param planner of the steps from there on
     */
    static RecordedRun of(List<MetricsLine> lines, @Nullable TrainingState checkpoint, StepPlanner planner) {
        long step = checkpoint == null ? 0 : checkpoint.step();
        planner.recall(lines, step);
        return new RecordedRun(
                step, lines.stream().filter(line -> isUpTo(step, line)).toList(), List.of());
    }

    /** How often a run went back or changed its mesh is known even where it has gone back further since. */
    private static boolean isUpTo(long step, MetricsLine line) {
        return line.step() <= step || line instanceof MetricsLine.Anew;
    }

    /** How often a run has begun anew, by its metrics. */
    static int attempt(List<MetricsLine> lines) {
        return (int) lines.stream().filter(MetricsLine.Anew.class::isInstance).count();
    }

    /** The mesh that a run was given last; none when it never changed. */
    static Optional<Mesh> mesh(List<MetricsLine> lines) {
        return lines.stream()
                .filter(MetricsLine.Reshape.class::isInstance)
                .map(line -> Mesh.parse(((MetricsLine.Reshape) line).mesh()))
                .reduce((_, later) -> later);
    }

    /**
     * A run whose coordinator is lost.
     *
     * @param lines of the metrics
     * @param recalled from nodes' memory
     * @param checkpoint that there is, which the run is at least at; null for none
     * @param planner of the steps from there on; afterwards of those from where the run stands
     */
    static RecordedRun ofLost(
            List<MetricsLine> lines,
            Collection<RecalledStep> recalled,
            @Nullable TrainingState checkpoint,
            StepPlanner planner) {
        Map<Long, MetricsLine.Step> recorded = new HashMap<>();
        Map<Long, Integer> overflows = new HashMap<>();
        for (MetricsLine line : lines) {
            if (line instanceof MetricsLine.Step step) {
                recorded.putIfAbsent(step.step(), step);
            } else if (line instanceof MetricsLine.LossScaled) {
                overflows.merge(line.step(), 1, Integer::sum);
            }
        }
        Rollbacks rollbacks = Rollbacks.of(lines);
        Map<Long, RecalledStep> remembered = new HashMap<>();
        int attempt = attempt(lines);
        for (RecalledStep step : recalled) {
            if (step.attempt() == attempt) { // others were taken back
                remembered.put(step.taken().step() + 1, step);
            }
        }
        List<StepOrder> orders = new ArrayList<>();
        List<MetricsLine> added = new ArrayList<>();
        long step = checkpoint == null ? 0 : checkpoint.step();
        long tokens = checkpoint == null ? 0 : checkpoint.tokens();
        planner.recall(lines, step);
        while (recorded.containsKey(step + 1) || remembered.containsKey(step + 1)) {
            step++;
            MetricsLine.Step line = recorded.get(step);
            RecalledStep memory = remembered.get(step);
            StepOrder order = planner.next(
                    line != null
                            ? line.learningRate()
                            : Objects.requireNonNull(memory).order().learningRate());
            planner.done(order);
            orders.add(order);
            tokens += planner.tokensOf(order);
            for (int i = overflows.getOrDefault(step, 0); i > 0; i--) {
                planner.shrinkLossScale();
            }
            planner.leaveOut(rollbacks, step);
            if (line == null) {
                added.add(Objects.requireNonNull(memory).toLine(tokens));
            }
        }
        List<MetricsLine> all = new ArrayList<>();
        Set<Long> steps = new HashSet<>();
        for (MetricsLine line : lines) {
            if (isUpTo(step, line) && !(line instanceof MetricsLine.Step && !steps.add(line.step()))) {
                all.add(line);
            }
        }
        all.addAll(added);
        return new RecordedRun(step, all, orders);
    }

    /** With a line more. */
    RecordedRun with(MetricsLine line) {
        List<MetricsLine> all = new ArrayList<>(lines);
        all.add(line);
        return new RecordedRun(step, all, orders);
    }

    /** How often it went back. */
    Rollbacks rollbacks() {
        return Rollbacks.of(lines);
    }

    /** Without the held-out losses of the last step, for a run that is complete with it and measures them again. */
    RecordedRun withoutFinalEvaluation() {
        return new RecordedRun(
                step,
                lines.stream()
                        .filter(line -> !(line instanceof MetricsLine.Evaluation) || line.step() < step)
                        .toList(),
                orders);
    }

    /** The number of steps that a time budget was turned into; 0 when it was not, or there is none. */
    long fixedSteps() {
        long fixed = 0;
        for (MetricsLine line : lines) {
            fixed = switch (line) {
                case MetricsLine.StepsFixed decision -> decision.totalSteps();
                case MetricsLine.Rollback rollback when rollback.totalSteps() > 0 -> rollback.totalSteps();
                default -> fixed;
            };
        }
        return fixed;
    }

    /** Whether the held-out loss of the last step is known. */
    boolean isEvaluated() {
        return lines.stream().anyMatch(line -> line instanceof MetricsLine.Evaluation && line.step() == step);
    }

    /** What has seen the losses until here. */
    LossSpikes spikes(LossSpikes.Options options) {
        LossSpikes spikes = new LossSpikes(options);
        for (MetricsLine line : lines) {
            if (line instanceof MetricsLine.Step taken) {
                spikes.add(taken.loss());
            }
        }
        return spikes;
    }

    /**
     * The figures until here.
     *
     * @param lossWindow steps whose mean is the reported training loss
     * @param checkpoint has those until its step
     */
    RunProgress progress(int lossWindow, @Nullable TrainingState checkpoint) {
        long from = checkpoint == null ? 0 : checkpoint.step();
        long tokens = checkpoint == null ? 0 : checkpoint.tokens();
        LossRecorder recorder = LossRecorder.from(checkpoint == null ? LossCurve.empty() : checkpoint.losses());
        Map<Long, Long> tokensAt = new HashMap<>();
        Deque<Double> losses = new ArrayDeque<>();
        for (MetricsLine line : lines) {
            if (line instanceof MetricsLine.Step taken) {
                losses.add(taken.loss());
                if (losses.size() > lossWindow) {
                    losses.remove();
                }
                tokensAt.put(taken.step(), taken.tokens());
                if (taken.step() > from) {
                    tokens = taken.tokens();
                    recorder.training(taken.step(), tokens, taken.loss());
                }
            } else if (line instanceof MetricsLine.Evaluation evaluation) {
                // Those of a step before the checkpoint may have been too late for it.
                recorder.validation(
                        evaluation.step(), tokensAt.getOrDefault(evaluation.step(), tokens), evaluation.valLoss());
            }
        }
        return new RunProgress(lossWindow, List.copyOf(losses), recorder.curve(), tokens);
    }
}
