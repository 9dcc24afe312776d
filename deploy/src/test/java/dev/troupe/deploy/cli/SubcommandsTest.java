package dev.troupe.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Each command is found by the name that it has itself, and is the only one that is made for it. */
class SubcommandsTest {
    private static Set<String> names(CommandLine of) {
        return of.getSubcommands().keySet();
    }

    private static CommandLine sub(CommandLine of, String name) {
        return Objects.requireNonNull(of.getSubcommands().get(name), name);
    }

    @Test
    void theCommandThatIsAskedForIsTheOnlyOne() {
        TroupeCommand.SUBCOMMANDS.classes().forEach((name, type) -> {
            CommandLine made = TroupeCommand.commandLine(name, "--help");
            assertThat(names(made)).containsExactly(name);
            CommandLine command = sub(made, name);
            assertThat(command.getCommandName()).isEqualTo(name);
            Object own = command.getCommand();
            assertThat(own).isInstanceOf(type);
        });
        BenchCommand.SUBCOMMANDS.classes().forEach((name, type) -> {
            CommandLine bench = sub(TroupeCommand.commandLine("bench", name), "bench");
            assertThat(names(bench)).containsExactly(name);
            assertThat(sub(bench, name).getCommandName()).isEqualTo(name);
            Object own = sub(bench, name).getCommand();
            assertThat(own).isInstanceOf(type);
        });
    }

    @Test
    void helpAndMistakesSeeAll() {
        for (String[] args : new String[][] {{}, {"--help"}, {"help", "up"}, {"no-such-command"}}) {
            assertThat(names(TroupeCommand.commandLine(args)))
                    .containsAll(TroupeCommand.SUBCOMMANDS.classes().keySet())
                    .contains("help");
        }
        for (String[] args : new String[][] {{"bench"}, {"bench", "--help"}, {"bench", "no-such-bench"}}) {
            CommandLine bench = sub(TroupeCommand.commandLine(args), "bench");
            assertThat(names(bench))
                    .isEqualTo(BenchCommand.SUBCOMMANDS.classes().keySet());
        }
    }
}
