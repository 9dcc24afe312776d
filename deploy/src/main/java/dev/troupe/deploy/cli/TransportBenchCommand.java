package dev.troupe.deploy.cli;

import dev.troupe.actors.transport.Endpoint;
import dev.troupe.deploy.bench.TransportBench;
import dev.troupe.model.TroupeException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code troupe bench transport}: tensors between two JVMs. */
@Command(
        name = "transport",
        mixinStandardHelpOptions = true,
        description = "Tensors between two processes of this machine and between two threads of one: send and receive,"
                + " and all-reduce, beside an echo over a plain socket.")
final class TransportBenchCommand implements Callable<Integer> {
    private static final int MAX_MEBIBYTES = 1024;

    @Option(
            names = "--mib",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,4,64",
            description = "sizes of the tensors in MiB, one or several (default: ${DEFAULT-VALUE})")
    private List<Integer> mebibytes = List.of();

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "of each size (default: 5)")
    private int rounds;

    @Option(names = "--peer", hidden = true, description = "for the second process, which the first starts")
    private @Nullable String peer;

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() {
        if (rounds < 1 || mebibytes.stream().anyMatch(size -> size < 1 || size > MAX_MEBIBYTES)) {
            throw new TroupeException("--rounds wants at least 1, --mib sizes from 1 to " + MAX_MEBIBYTES);
        }
        if (peer != null) {
            String[] words = peer.split(":", -1);
            Endpoint first = new Endpoint(TransportBench.HOST, Integer.parseInt(words[1]), words[2]);
            TransportBench.serve(Integer.parseInt(words[0]), first, mebibytes, rounds);
            return 0;
        }
        TransportBench.Report report = TransportBench.run(mebibytes, rounds);
        if (json) {
            JsonLine.print(System.out, report);
        } else {
            report.rows().forEach(TransportBenchCommand::print);
        }
        return 0;
    }

    private static void print(TransportBench.Row row) {
        System.out.printf(
                "%5d MiB: plain socket %5.0f MB/s; two processes: send and receive %5.0f (%.0f %%), all-reduce %5.0f"
                        + " (%.0f %%); one process: send and receive %5.0f, all-reduce %5.0f%n",
                row.bytes() >> 20,
                row.plain() / 1e6,
                row.sendReceive() / 1e6,
                row.sendReceiveShare() * 100,
                row.allReduce() / 1e6,
                row.allReduceShare() * 100,
                row.localSendReceive() / 1e6,
                row.localAllReduce() / 1e6);
    }
}
