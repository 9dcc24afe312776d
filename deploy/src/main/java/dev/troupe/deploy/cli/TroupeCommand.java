package dev.troupe.deploy.cli;

import dev.troupe.model.TroupeException;
import java.io.PrintWriter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code troupe}: its subcommands, and how their errors reach a person. */
@Command(
        name = "troupe",
        mixinStandardHelpOptions = true,
        versionProvider = VersionProvider.class,
        description = "Trains, evaluates and serves GPT-style language models on one cluster of Akka actors.",
        footer = {"", "Start with: ./troupe quickstart", "Run all tests with: ./troupe test"})
public final class TroupeCommand implements Runnable {
    /** The user's input cannot be used as it is; the message says what to change. */
    static final int EXIT_USER_ERROR = 2;

    /** Something failed that should not have. */
    static final int EXIT_SOFTWARE_ERROR = 1;

    static final Subcommands SUBCOMMANDS = Subcommands.none()
            .and(BenchCommand.NAME, BenchCommand.class)
            .and("chaos", ChaosCommand.class)
            .and("cluster", ClusterCommand.class)
            .and("eval", EvalCommand.class)
            .and("inspect", InspectCommand.class)
            .and("plan", PlanCommand.class)
            .and("convert", ConvertCommand.class)
            .and("quantize", QuantizeCommand.class)
            .and("generate", GenerateCommand.class)
            .and("quickstart", QuickstartCommand.class)
            .and("tokenizer", TokenizerCommand.class)
            .and("train", TrainCommand.class)
            .and("up", UpCommand.class);

    private static final Logger LOG = LoggerFactory.getLogger(TroupeCommand.class);

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    /** Runs a command line and returns the exit code of the process. */
    public static int run(String... args) {
        return commandLine(args).execute(args);
    }

    /** What is needed to understand {@code args}. */
    static CommandLine commandLine(String... args) {
        CommandLine all = new CommandLine(new TroupeCommand());
        String command = word(args, 0);
        SUBCOMMANDS.addTo(all, command);
        if (all.getSubcommands().size() > 1) {
            all.addSubcommand(new HelpCommand());
        }
        CommandLine bench = all.getSubcommands().get(BenchCommand.NAME);
        if (bench != null) {
            BenchCommand.SUBCOMMANDS.addTo(bench, command.equals(BenchCommand.NAME) ? word(args, 1) : "");
        }
        // Holds for the subcommands that are there now.
        return all.setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, at, parsed) -> report(failure, at.getErr()));
    }

    private static String word(String[] args, int number) {
        return number < args.length ? args[number] : "";
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getErr());
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing, see above");
    }

    /** A message without a stack trace for what a user can mend; the trace of anything else goes to the log only. */
    private static int report(Exception failure, PrintWriter err) {
        if (failure instanceof TroupeException) {
            err.println("troupe: " + failure.getMessage());
            LOG.debug("the command was refused", failure);
            return EXIT_USER_ERROR;
        }
        LOG.error("the command failed", failure);
        err.println("troupe: internal error: " + failure);
        err.println(
                "        This is a fault of Troupe's. Its log has the details; TROUPE_LOG=debug prints more of it.");
        return EXIT_SOFTWARE_ERROR;
    }
}
