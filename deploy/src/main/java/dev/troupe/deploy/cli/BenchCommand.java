package dev.troupe.deploy.cli;

import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.deploy.run.Corpus;
import dev.troupe.model.bench.KernelBench;
import dev.troupe.model.bench.KernelBenchReport;
import dev.troupe.model.bench.TilePeak;
import dev.troupe.model.bench.TokenizerBench;
import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code troupe bench}: how fast this machine is, and what share of its limits is reached. */
@Command(
        name = BenchCommand.NAME,
        mixinStandardHelpOptions = true,
        description = "Measures speed on this machine, beside the machine's own limits measured in the same run.")
final class BenchCommand implements Runnable {
    static final String NAME = "bench";

    static final Subcommands SUBCOMMANDS = Subcommands.none()
            .and("kernels", BenchCommand.KernelsBench.class)
            .and("train", TrainBenchCommand.class)
            .and("inference", InferenceBenchCommand.class)
            .and("model", ModelBenchCommand.class)
            .and("load", LoadBenchCommand.class)
            .and("serve", ServeBenchCommand.class)
            .and("soak", SoakCommand.class)
            .and("mesh-equality", MeshEqualityCommand.class)
            .and("mesh-memory", MeshMemoryCommand.class)
            .and("checkpoint", CheckpointBenchCommand.class)
            .and("transport", TransportBenchCommand.class)
            .and("tokenizer", BenchCommand.Tokenizers.class);

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to measure: kernels, train, inference, load, serve, soak, mesh-equality, mesh-memory,"
                        + " transport or tokenizer; model makes a file to measure");
    }

    @Command(name = "kernels", mixinStandardHelpOptions = true, description = "Every kernel at real shapes.")
    static final class KernelsBench implements Callable<Integer> {
        @Mixin
        private Machine machine = new Machine();

        @Option(
                names = "--filter",
                paramLabel = "NAME",
                defaultValue = "",
                description = "only kernels with this in their name or shape")
        private String filter = "";

        @Option(
                names = "--efficiency",
                description = "measure on one thread too: the rate over that of one thread times the threads")
        private boolean efficiency;

        @Override
        public Integer call() {
            try (ComputePool pool = machine.pool()) {
                KernelBenchReport report = KernelBench.run(
                        machine::kernels, pool, machine.provider().device().orElse(null), filter, efficiency);
                machine.show(report, () -> print(report));
            }
            return 0;
        }

        private static void print(KernelBenchReport report) {
            System.out.printf(
                    "%s kernels on %s, %d threads; peak %.0f GFLOP/s, read %.1f GB/s (from cache %.1f), update %.1f GB/s%s; %s%n",
                    report.backend(),
                    report.device(),
                    report.peak().threads(),
                    report.peak().gflops(),
                    report.peak().readGigabytesPerSecond(),
                    report.peak().cacheReadGigabytesPerSecond(),
                    report.peak().updateGigabytesPerSecond(),
                    tiles(report.tiles()),
                    report.caches().summary());
            for (KernelBenchReport.Row row : report.rows()) {
                System.out.printf(
                        "%-40s %-24s %8.3f ms %8.1f (%.1f-%.1f) %-8s %5.1f %%%s%s%n",
                        row.kernel(),
                        row.shape(),
                        row.medianMillis(),
                        row.rate(),
                        row.minRate(),
                        row.maxRate(),
                        row.unit(),
                        row.shareOfPeak() * 100,
                        row.efficiency() == null ? "" : "; efficiency %.0f %%".formatted(row.efficiency() * 100),
                        peers(row));
            }
        }

        private static String tiles(TilePeak tiles) {
            return tiles.bf16Gflops() + tiles.int8Gops() == 0
                    ? ""
                    : "; bf16 %.0f GFLOP/s, int8 %.0f GOP/s".formatted(tiles.bf16Gflops(), tiles.int8Gops());
        }

        private static String peers(KernelBenchReport.Row row) {
            return row.peers().stream()
                    .map(peer -> "; %s %.1f, ratio %.2f".formatted(peer.peer(), peer.rate(), peer.ratio()))
                    .collect(Collectors.joining());
        }
    }

    @Command(
            name = "tokenizer",
            mixinStandardHelpOptions = true,
            description = "Training a tokenizer on the built-in corpus, and encoding the corpus with it.")
    static final class Tokenizers implements Callable<Integer> {
        private static final int ROUNDS = 5;
        private static final int VOCAB_SIZE = 4096;
        private static final long SAMPLE_CHARS = 50_000_000;

        @Mixin
        private Machine machine = new Machine();

        @Option(
                names = "--text",
                paramLabel = "FILE|DIR|wordnet",
                defaultValue = Corpus.WORDNET,
                description = "text to use")
        private String text = Corpus.WORDNET;

        @Override
        public Integer call() {
            List<String> documents = Corpus.documents(text, SAMPLE_CHARS);
            TokenizerBench.Training training =
                    TokenizerBench.train(documents, VOCAB_SIZE, machine.numThreads(), ROUNDS);
            Tokenizer tokenizer = Corpus.trainTokenizer(text, "bpe", VOCAB_SIZE);
            TokenizerBench.Encoding single = TokenizerBench.encode(tokenizer, documents, 1, ROUNDS);
            TokenizerBench.Encoding parallel =
                    TokenizerBench.encode(tokenizer, documents, machine.numThreads(), ROUNDS);
            machine.show(
                    Map.of("training", training, "encodingOneThread", single, "encoding", parallel),
                    () -> System.out.printf(
                            "training %d tokens on %.1f MB: %.2f s; encoding: %.1f MB/s on one thread, %.1f on %d%n",
                            training.vocabSize(),
                            training.bytes() / 1e6,
                            training.seconds(),
                            single.megabytesPerSecond(),
                            parallel.megabytesPerSecond(),
                            parallel.threads()));
            return 0;
        }
    }

    /** What all measurements have in common. */
    static final class Machine {
        @Option(names = "--threads", paramLabel = "N", defaultValue = "0", description = "0 for one per core")
        private int threads;

        @Option(names = "--pinned", description = "each of the pool's threads stays on one processor")
        private boolean pinned;

        @Mixin
        private BackendOptions kernels = new BackendOptions();

        @Option(names = "--json", description = "print the result as one JSON object on the last line")
        private boolean json;

        int numThreads() {
            return computeThreads().count();
        }

        ComputePool pool() {
            return computeThreads().open();
        }

        private ComputeThreads computeThreads() {
            return new ComputeThreads(threads, pinned);
        }

        /** Kernels that agree with the reference: the speed of others means nothing. */
        Kernels kernels(ComputePool pool) {
            return NodeKernels.create(kernels.backend(), kernels.precision(), pool, KernelUse.all());
        }

        String backend() {
            return kernels.backend();
        }

        Precision precision() {
            return kernels.precision();
        }

        KernelProvider provider() {
            return KernelProviders.select(kernels.backend(), kernels.precision());
        }

        void show(Object report, Runnable print) {
            if (json) {
                JsonLine.print(System.out, report);
            } else {
                print.run();
            }
        }
    }
}
