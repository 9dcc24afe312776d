package dev.troupe.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.deploy.bench.ServeLevels;
import dev.troupe.model.TroupeException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class ServeBenchCommandTest {
    private static ServeLevels.Load load(String... args) {
        List<String> all = new ArrayList<>(List.of("--model", "FILE"));
        all.addAll(List.of(args));
        ServeBenchCommand command = new ServeBenchCommand();
        new CommandLine(command).parseArgs(all.toArray(String[]::new));
        return command.load();
    }

    @Test
    void withoutOptionsThereIsAnOpenLoopAndAnswersEnoughForQuantiles() {
        ServeLevels.Load load = load();
        assertThat(load.shareOfClosed()).isEqualTo(0.7);
        assertThat(load.rates()).isEmpty();
        assertThat(load.streams()).containsExactly(1, 4, 8, 16);
        assertThat(load.numPrompt()).isEqualTo(128);
        assertThat(load.numAnswer()).isEqualTo(64);
        assertThat(load.prefixes()).containsExactly(false, true);
        assertThat(load.answers()).isGreaterThanOrEqualTo(200);
        assertThat(load.minutes()).isLessThan(15);
    }

    @Test
    void ratesAreThoseThatAreGiven() {
        assertThat(load("--rate", "none").shareOfClosed()).isZero();
        assertThat(load("--rate", "none").rates()).isEmpty();
        assertThat(load("--rate", "2,0.5").shareOfClosed()).isZero();
        assertThat(load("--rate", "2,0.5").rates()).containsExactly(2.0, 0.5);
        assertThat(load("--rate", "2,auto").shareOfClosed()).isEqualTo(0.7);
        assertThat(load("--rate", "2,auto").rates()).containsExactly(2.0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "NaN", "Infinity", "fast", "none,1"})
    void otherRatesAreRefused(String rate) {
        assertThatThrownBy(() -> load("--rate", rate))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("--rate");
    }
}
