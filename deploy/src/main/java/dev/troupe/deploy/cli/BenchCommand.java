package dev.troupe.deploy.cli;

import dev.troupe.deploy.run.Corpus;
import dev.troupe.model.bench.KernelBench;
import dev.troupe.model.bench.KernelBenchReport;
import dev.troupe.model.bench.TokenizerBench;
import dev.troupe.model.bench.TrainBench;
import dev.troupe.model.bench.TrainShape;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code troupe bench}: how fast this machine is, and what share of its limits is reached. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Measures speed on this machine, beside the machine's own limits measured in the same run.",
        subcommands = {BenchCommand.KernelsBench.class, BenchCommand.TrainingBench.class, BenchCommand.Tokenizers.class})
final class BenchCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what to measure: kernels, train or tokenizer");
    }

    private static int threads(int asked) {
        return asked > 0 ? asked : Runtime.getRuntime().availableProcessors();
    }
}
