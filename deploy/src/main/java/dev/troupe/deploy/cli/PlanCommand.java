package dev.troupe.deploy.cli;

import dev.troupe.model.TroupeException;
import dev.troupe.model.plan.Candidate;
import dev.troupe.model.plan.Cluster;
import dev.troupe.model.plan.ComputeOptimal;
import dev.troupe.model.plan.PlanArguments;
import dev.troupe.model.plan.PlanSearch;
import dev.troupe.model.plan.RunnerUp;
import dev.troupe.model.plan.SearchResult;
import dev.troupe.model.plan.StepModel;
import dev.troupe.model.plan.TrainingJob;
import dev.troupe.model.plan.Units;
import dev.troupe.model.plan.failure.FailureModel;
import dev.troupe.model.plan.failure.FailureSimulator;
import dev.troupe.model.plan.failure.GoodputSummary;
import dev.troupe.model.plan.published.Comparison;
import dev.troupe.model.plan.published.PublishedRuns;
import dev.troupe.model.plan.schedule.PipelineSimulator;
import dev.troupe.model.plan.schedule.SimulatedStep;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code troupe plan}: what a training run needs on machines that are not at hand. */
@Command(
        name = "plan",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Finds the mesh for a training run: memory of a device, time of a step, traffic of each axis, days, and what"
                    + " failures cost. Computes only; see docs/plan.md.",
            "  ./troupe plan --params 175e9 --gpus 1024 --tokens 300e9"
        })
final class PlanCommand implements Callable<Integer> {
    private static final int SIMULATED_RUNS = 200;

    @Mixin
    private PlanModelOptions model = new PlanModelOptions();

    @Mixin
    private PlanClusterOptions devices = new PlanClusterOptions();

    @Mixin
    private PlanLayoutOptions layout = new PlanLayoutOptions();

    @Option(names = "--tokens", paramLabel = "N", description = "to train on (default: 20 a parameter, as Chinchilla)")
    private @Nullable Double tokens;

    @Mixin
    private PlanFailureOptions failures = new PlanFailureOptions();

    @Option(names = "--simulate", description = "also simulate the step's schedule, and the run with failures")
    private boolean simulate;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "of the simulated failures (default: ${DEFAULT-VALUE})")
    private long seed;

    @Option(names = "--check", description = "print published runs beside what is computed of them, and nothing else")
    private boolean check;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Override
    public Integer call() {
        if (check) {
            return check();
        }
        PlanOutcome outcome = plan();
        if (json) {
            JsonLine.print(System.out, PlanJson.of(outcome));
        } else {
            PlanText.print(System.out, outcome);
        }
        return 0;
    }

    private int check() {
        List<Comparison> rows = PublishedRuns.compare();
        if (json) {
            JsonLine.print(System.out, PlanJson.of(rows));
        } else {
            PlanText.print(System.out, rows);
        }
        return rows.stream().allMatch(Comparison::holds) ? 0 : TroupeCommand.EXIT_SOFTWARE_ERROR;
    }

    private PlanOutcome plan() {
        TrainingJob job = layout.job(model.shape());
        Cluster cluster = devices.cluster();
        SearchResult search = PlanSearch.run(job, cluster, layout.limits());
        if (search.fitting().isEmpty()) {
            throw new TroupeException(nothingFits(search, cluster));
        }
        double count = tokens == null
                ? ComputeOptimal.ofParameters(job.shape().parameters()).tokens()
                : PlanArguments.positive("tokens", tokens);
        Candidate best = search.fitting().getFirst();
        FailureModel failing = failures.model(job, cluster.devices());
        double interval = failures.intervalSeconds(failing);
        SimulatedStep step = null;
        GoodputSummary runs = null;
        if (simulate) {
            step = PipelineSimulator.run(new StepModel(job, cluster).work(best.layout()));
            double work = best.step().days(count) * Units.SECONDS_PER_DAY;
            runs = GoodputSummary.of(FailureSimulator.run(failing, interval, work, seed, SIMULATED_RUNS));
        }
        return new PlanOutcome(job, cluster, search, count, model.flops(), failing, interval, seed, step, runs);
    }

    private static String nothingFits(SearchResult search, Cluster cluster) {
        if (!search.tooLarge().isEmpty()) {
            Candidate nearest = search.tooLarge().getFirst();
            return "no layout fits " + cluster.devices() + " devices. The nearest, "
                    + nearest.layout().mesh() + ", "
                    + RunnerUp.tooLarge(nearest, cluster.usableBytes())
                    + ". More --gpus, more --gpu-memory, a smaller --batch or fewer fixed options would help";
        }
        if (!search.impossible().isEmpty()) {
            return "the model cannot be divided over " + cluster.devices() + " devices so. For instance, "
                    + search.impossible().getFirst().mesh() + ": "
                    + search.impossible().getFirst().reason();
        }
        return "--data, --tensor and --pipeline do not multiply to " + cluster.devices() + " devices";
    }
}
