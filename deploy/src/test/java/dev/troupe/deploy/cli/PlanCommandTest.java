package dev.troupe.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code troupe plan} as a user calls it. */
class PlanCommandTest {
    private record Output(int code, String out, String err) {}

    private static Output plan(String... args) {
        List<String> all = new ArrayList<>(List.of("plan"));
        all.addAll(List.of(args));
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        ByteArrayOutputStream complained = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(complained, true, StandardCharsets.UTF_8));
            int code = TroupeCommand.run(all.toArray(String[]::new));
            return new Output(
                    code, written.toString(StandardCharsets.UTF_8), complained.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private static JsonNode json(String... args) throws IOException {
        Output output = plan(args);
        assertThat(output.code()).as(output.err()).isZero();
        String[] lines = output.out().strip().split("\n", -1);
        return new ObjectMapper().readTree(lines[lines.length - 1]);
    }

    @Test
    void anotherIntervalBetweenCheckpointsCostsMoreThanTheBest() throws IOException {
        List<String> run =
                List.of("--params", "175e9", "--gpus", "1024", "--gpu-memory", "80e9", "--simulate", "--json");
        double best = json(run.toArray(String[]::new)).at("/failures/goodput").asDouble();
        for (String minutes : List.of("5", "600")) {
            List<String> all = new ArrayList<>(run);
            all.addAll(List.of("--checkpoint-minutes", minutes));
            JsonNode plan = json(all.toArray(String[]::new));
            double goodput = plan.at("/failures/goodput").asDouble();
            assertThat(plan.at("/failures/checkpointIntervalSeconds").asDouble())
                    .isEqualTo(60 * Double.parseDouble(minutes));
            assertThat(goodput).isLessThan(best);
            assertThat(plan.at("/simulated/runs/meanGoodput").asDouble()).isBetween(goodput - 0.02, goodput + 0.02);
        }
    }

    @Test
    void gpt3OnAThousandDevices() throws IOException {
        JsonNode plan = json(
                "--params",
                "175e9",
                "--gpus",
                "1024",
                "--gpu-memory",
                "80e9",
                "--tokens",
                "300e9",
                "--simulate",
                "--seed",
                "7",
                "--json");
        assertThat(plan.at("/model/layers").asInt()).isEqualTo(96);
        JsonNode layout = plan.at("/layout");
        assertThat(layout.at("/data").asInt()
                        * layout.at("/tensor").asInt()
                        * layout.at("/pipeline").asInt())
                .isEqualTo(1024);
        assertThat(plan.at("/memoryBytes/total").asDouble()).isBetween(1e9, 80e9);
        assertThat(plan.at("/memoryBytesByZeroStage")).hasSize(4);
        // Megatron-LM needed 34 days with full recomputation; without it, a quarter less is computed.
        assertThat(plan.at("/training/days").asDouble()).isBetween(18.0, 34.0);
        double seconds = plan.at("/step/seconds").asDouble();
        assertThat(plan.at("/simulated/stepSeconds").asDouble()).isBetween(0.92 * seconds, 1.05 * seconds);
        double goodput = plan.at("/failures/goodput").asDouble();
        assertThat(plan.at("/simulated/runs/meanGoodput").asDouble()).isBetween(goodput - 0.01, goodput + 0.01);
        assertThat(plan.at("/meshes").size()).isEqualTo(66);
    }

    @Test
    void textNamesEveryPart() {
        Output output = plan("--params", "13e9", "--gpus", "64", "--gpu", "h100", "--flops", "1e23", "--simulate");
        assertThat(output.code()).as(output.err()).isZero();
        assertThat(output.out())
                .contains("plan ", "ZeRO 3", "MFU", "axis data", "goodput", "seed 1", "slower: ", "budget");
    }

    @Test
    void publishedRunsHold() throws IOException {
        JsonNode rows = json("--check", "--json").at("/published");
        assertThat(rows.size()).isGreaterThan(40);
        rows.forEach(row ->
                assertThat(row.at("/holds").asBoolean()).as(row.toString()).isTrue());
        assertThat(plan("--check").out()).contains("arXiv:2104.04473 table 1").doesNotContain("TOO FAR");
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                Arguments.of(List.of("--gpus", "8"), "--params"),
                Arguments.of(List.of("--params", "7e9"), "--gpus"),
                Arguments.of(List.of("--params", "many", "--gpus", "8"), "--params"),
                Arguments.of(List.of("--params", "-7e9", "--gpus", "8"), "params is -7.0E9"),
                Arguments.of(List.of("--params", "7e9", "--gpus", "0"), "gpus is 0"),
                Arguments.of(List.of("--params", "7e9", "--gpus", "8", "--layers", "3"), "give one of them"),
                Arguments.of(List.of("--layers", "3", "--gpus", "8"), "--hidden is missing"),
                Arguments.of(List.of("--params", "7e9", "--gpus", "8", "--zero", "4"), "zero is 4"),
                Arguments.of(List.of("--params", "7e9", "--gpus", "8", "--micro-batch", "0"), "micro-batch is 0"),
                Arguments.of(List.of("--params", "7e9", "--gpus", "8", "--gpu", "z80"), "a100"),
                Arguments.of(List.of("--params", "7e9", "--gpus", "8", "--precision", "fp7"), "bf16_fp32_gradients"),
                Arguments.of(List.of("--params", "7e9", "--gpus", "8", "--tensor", "3"), "do not multiply to 8"),
                Arguments.of(List.of("--params", "175e9", "--gpus", "8"), "no layout fits 8 devices"),
                Arguments.of(List.of("--params", "7e9", "--gpus", "7"), "not a multiple of"),
                Arguments.of(List.of("--params", "7e9", "--gpus", "8", "--efficiency", "1.5"), "efficiency is 1.5"),
                Arguments.of(List.of("--params", "7e9", "--gpus", "8", "--tokens", "0"), "tokens is 0"),
                Arguments.of(List.of("--params", "7e9", "--gpus", "8", "--mtbf-hours", "0"), "mtbf-hours is 0"),
                Arguments.of(
                        List.of("--params", "7e9", "--gpus", "8", "--checkpoint-minutes", "0"),
                        "checkpoint-minutes is 0"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrong")
    void whatIsWrongIsNamed(List<String> args, String message) {
        Output output = plan(args.toArray(String[]::new));
        assertThat(output.code()).isEqualTo(TroupeCommand.EXIT_USER_ERROR);
        assertThat(output.err()).contains(message).doesNotContain("\tat ");
    }
}
