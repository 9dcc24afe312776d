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
        subcommands = {
            BenchCommand.class,
            ChaosCommand.class,
            ClusterCommand.class,
            EvalCommand.class,
            InspectCommand.class,
            PlanCommand.class,
            ConvertCommand.class,
            QuantizeCommand.class,
            GenerateCommand.class,
            HelpCommand.class,
            QuickstartCommand.class,
            TokenizerCommand.class,
            TrainCommand.class,
            UpCommand.class
        },
        footer = {"", "Start with: ./troupe quickstart", "Run all tests with: ./troupe test"})
public final class TroupeCommand implements Runnable {
    /** The user's input cannot be used as it is; the message says what to change. */
    static final int EXIT_USER_ERROR = 2;

    /** Something failed that should not have. */
    static final int EXIT_SOFTWARE_ERROR = 1;

    private static final Logger LOG = LoggerFactory.getLogger(TroupeCommand.class);

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    /** Runs a command line and returns the exit code of the process. */
    public static int run(String... args) {
        CommandLine commandLine = new CommandLine(new TroupeCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, command, parsed) -> report(failure, command.getErr()));
        return commandLine.execute(args);
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
