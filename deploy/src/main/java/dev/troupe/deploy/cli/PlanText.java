package dev.troupe.deploy.cli;

import dev.troupe.model.ConfigNames;
import dev.troupe.model.plan.AxisTraffic;
import dev.troupe.model.plan.Candidate;
import dev.troupe.model.plan.ComputeOptimal;
import dev.troupe.model.plan.Layout;
import dev.troupe.model.plan.MemoryEstimate;
import dev.troupe.model.plan.ModelFlops;
import dev.troupe.model.plan.ModelShape;
import dev.troupe.model.plan.PipelineFormula;
import dev.troupe.model.plan.RunnerUp;
import dev.troupe.model.plan.SearchResult;
import dev.troupe.model.plan.StepEstimate;
import dev.troupe.model.plan.Units;
import dev.troupe.model.plan.ZeroStage;
import dev.troupe.model.plan.failure.FailureModel;
import dev.troupe.model.plan.failure.GoodputSummary;
import dev.troupe.model.plan.published.Comparison;
import dev.troupe.model.plan.schedule.SimulatedStep;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/** What {@code troupe plan} prints for people. */
final class PlanText {
    private static final double GIGA = 1e9;
    private static final int RUNNERS_UP = 5;
    private static final int MISSES = 2;

    private final PrintStream out;
    private final PlanOutcome outcome;

    private PlanText(PrintStream out, PlanOutcome outcome) {
        this.out = out;
        this.outcome = outcome;
    }

    static void print(PrintStream out, PlanOutcome outcome) {
        new PlanText(out, outcome).print();
    }

    static void print(PrintStream out, List<Comparison> rows) {
        out.printf(
                Locale.ROOT,
                "%-34s %-32s %10s %10s %-8s %7s  %-9s %s%n",
                "run",
                "quantity",
                "published",
                "ours",
                "",
                "differs",
                "",
                "source");
        for (Comparison row : rows) {
            out.printf(
                    Locale.ROOT,
                    "%-34s %-32s %10.5g %10.5g %-8s %+6.1f%%  %-9s %s%s%n",
                    row.run(),
                    row.quantity(),
                    row.published(),
                    row.ours(),
                    row.unit(),
                    100 * row.difference(),
                    ConfigNames.of(row.basis()),
                    row.source(),
                    row.holds() ? "" : "  TOO FAR");
        }
    }

    private void print() {
        model();
        layout();
        memory();
        step();
        traffic();
        training();
        failures();
        simulated();
        others();
    }

    private void line(String name, String text) {
        out.printf("%-14s %s%n", name, text);
    }

    private void model() {
        ModelShape shape = outcome.job().shape();
        line(
                "model",
                String.format(
                        Locale.ROOT,
                        "%.4g parameters: %d layers, width %d, %d heads, vocabulary %d, sequences of %d",
                        shape.parameters(),
                        shape.layers(),
                        shape.hidden(),
                        shape.heads(),
                        shape.vocab(),
                        shape.sequence()));
        if (outcome.flops() != null) {
            ComputeOptimal rule = ComputeOptimal.ofFlops(outcome.flops());
            ComputeOptimal fitted = ComputeOptimal.ofFittedLoss(outcome.flops());
            line(
                    "budget",
                    String.format(
                            Locale.ROOT,
                            "%.3g operations are best spent on %.3g parameters and %.3g tokens (20 a parameter);"
                                    + " %.3g and %.3g by the fitted loss",
                            outcome.flops(),
                            rule.parameters(),
                            rule.tokens(),
                            fitted.parameters(),
                            fitted.tokens()));
        }
    }

    private void layout() {
        Layout layout = outcome.best().layout();
        line(
                "plan",
                String.format(
                        Locale.ROOT,
                        "%s on %d devices",
                        layout.mesh(),
                        outcome.cluster().devices()));
        line(
                "",
                String.format(
                        Locale.ROOT,
                        "micro-batch %d (%d of them), interleave %d, ZeRO %d, recompute %s, sequence parallel %s",
                        layout.microBatch(),
                        layout.microBatches(outcome.job().globalBatch()),
                        layout.chunks(),
                        layout.zero().number(),
                        ConfigNames.of(layout.recompute()),
                        layout.sequenceParallel() ? "yes" : "no"));
    }

    private void memory() {
        line(
                "memory, GB",
                String.format(
                        Locale.ROOT,
                        "%9s %9s %9s %11s %9s %9s",
                        "weights",
                        "gradients",
                        "optimizer",
                        "activations",
                        "workspace",
                        "total"));
        for (ZeroStage stage : ZeroStage.values()) {
            Layout layout = outcome.best().layout();
            MemoryEstimate memory = MemoryEstimate.of(outcome.job(), layout.withZero(stage));
            boolean fits = memory.total() <= outcome.cluster().usableBytes();
            line(
                    "  ZeRO " + stage.number(),
                    String.format(
                            Locale.ROOT,
                            "%9.2f %9.2f %9.2f %11.2f %9.2f %9.2f%s%s",
                            memory.weights() / GIGA,
                            memory.gradients() / GIGA,
                            memory.optimizer() / GIGA,
                            memory.activations() / GIGA,
                            memory.workspace() / GIGA,
                            memory.total() / GIGA,
                            stage == layout.zero() ? "  the plan" : "",
                            fits ? "" : "  does not fit"));
        }
        line(
                "",
                String.format(
                        Locale.ROOT,
                        "of %.1f GB usable on the fullest device",
                        outcome.cluster().usableBytes() / GIGA));
    }

    private void step() {
        StepEstimate step = outcome.best().step();
        Layout layout = outcome.best().layout();
        line(
                "step",
                String.format(
                        Locale.ROOT,
                        "%.3f s, %,.0f tokens/s, MFU %.1f %%, HFU %.1f %%",
                        step.seconds(),
                        step.tokensPerSecond(),
                        100 * step.utilization(),
                        100 * step.hardwareUtilization()));
        step.parts().byName().forEach((name, seconds) -> {
            if (seconds > 0) {
                out.printf(Locale.ROOT, "  %-26s %9.3f s %6.1f %%%n", name, seconds, 100 * seconds / step.seconds());
            }
        });
        line(
                "bubble",
                String.format(
                        Locale.ROOT,
                        "%.1f %% of a pipeline of equal stages",
                        100
                                * PipelineFormula.bubbleShare(
                                        layout.mesh().pipeline(),
                                        layout.chunks(),
                                        layout.microBatches(outcome.job().globalBatch()))));
    }

    private void traffic() {
        StepEstimate step = outcome.best().step();
        axis("tensor", step.tensor());
        axis("pipeline", step.pipeline());
        axis("data", step.data());
    }

    private void axis(String name, AxisTraffic traffic) {
        line(
                "axis " + name,
                String.format(
                        Locale.ROOT,
                        "%.2f GB out of a device a step, %.3f s, %.3f s of them waited for",
                        traffic.bytes() / GIGA,
                        traffic.seconds(),
                        traffic.exposedSeconds()));
    }

    private void training() {
        ModelShape shape = outcome.job().shape();
        line(
                "training",
                String.format(
                        Locale.ROOT,
                        "%.4g tokens, %.3g operations: %.1f days without failures",
                        outcome.tokens(),
                        outcome.tokens() * ModelFlops.perToken(shape),
                        outcome.days()));
        line(
                "",
                String.format(
                        Locale.ROOT,
                        "compute-optimal for these parameters: %.3g tokens",
                        ComputeOptimal.ofParameters(shape.parameters()).tokens()));
    }

    private void failures() {
        FailureModel model = outcome.failures();
        line(
                "failures",
                String.format(
                        Locale.ROOT,
                        "one in %.1f h; a checkpoint of %.2f TB takes %.1f s, a restart %.0f s",
                        model.mtbfSeconds() / Units.SECONDS_PER_HOUR,
                        PlanFailureOptions.checkpointBytes(outcome.job()) / 1e12,
                        model.checkpointSeconds(),
                        model.restartSeconds()));
        line(
                "checkpoints",
                String.format(
                        Locale.ROOT,
                        "every %.1f min (best by Daly %.1f, by Young %.1f): goodput %.1f %%, %.1f days",
                        outcome.intervalSeconds() / Units.SECONDS_PER_MINUTE,
                        model.dalySeconds() / Units.SECONDS_PER_MINUTE,
                        model.youngSeconds() / Units.SECONDS_PER_MINUTE,
                        100 * outcome.goodput(),
                        outcome.days() / outcome.goodput()));
    }

    private void simulated() {
        SimulatedStep step = outcome.step();
        GoodputSummary runs = outcome.runs();
        if (step == null || runs == null) {
            return;
        }
        double formula = outcome.best().step().seconds();
        line(
                "simulated",
                String.format(
                        Locale.ROOT,
                        "step %.3f s (formula %+.1f %%), stages idle %.1f %%, %d passes",
                        step.stepSeconds(),
                        100 * (formula / step.stepSeconds() - 1),
                        100 * step.idleShare(),
                        step.tasks()));
        line(
                "",
                String.format(
                        Locale.ROOT,
                        "%d runs, seed %d: goodput %.1f %%, %.0f failures, %.1f to %.1f days in nine of ten",
                        runs.runs(),
                        outcome.seed(),
                        100 * runs.meanGoodput(),
                        runs.meanFailures(),
                        runs.fastWallSeconds() / Units.SECONDS_PER_DAY,
                        runs.slowWallSeconds() / Units.SECONDS_PER_DAY));
    }

    private void others() {
        SearchResult search = outcome.search();
        line(
                "why",
                String.format(
                        Locale.ROOT,
                        "best of %d layouts: %d meshes fit, %d do not, %d cannot be",
                        search.layouts(),
                        search.fitting().size(),
                        search.tooLarge().size(),
                        search.impossible().size()));
        search.fitting().stream()
                .skip(1)
                .limit(RUNNERS_UP)
                .forEach(found -> other(found.layout(), RunnerUp.slower(outcome.best(), found)));
        for (Candidate found : search.tooLarge().stream().limit(MISSES).toList()) {
            other(found.layout(), RunnerUp.tooLarge(found, outcome.cluster().usableBytes()));
        }
        search.impossible().stream()
                .limit(MISSES)
                .forEach(found -> out.printf("  %s: %s%n", found.mesh(), found.reason()));
    }

    private void other(Layout layout, String reason) {
        out.printf(
                "  %s, ZeRO %d, recompute %s: %s%n",
                layout.mesh(), layout.zero().number(), ConfigNames.of(layout.recompute()), reason);
    }
}
