package dev.troupe.model.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the tables of arXiv:2203.15556. */
class ComputeOptimalTest {
    /** Chinchilla: Gopher's 5.76e23 operations are best spent on 70e9 parameters and 1.4e12 tokens. */
    @Test
    void chinchilla() {
        ComputeOptimal optimum = ComputeOptimal.ofFlops(5.76e23);
        assertThat(optimum.parameters()).isCloseTo(70e9, withPercentage(2));
        assertThat(optimum.tokens()).isCloseTo(1.4e12, withPercentage(2));
        assertThat(ComputeOptimal.ofParameters(70e9).tokens()).isEqualTo(1.4e12);
        assertThat(optimum.flops()).isCloseTo(5.76e23, withPercentage(1e-9));
    }

    /**
     * Table 3 there (approach 1). Its exponent is a little above one half, so that 20 tokens a parameter drift by 12
     * percent.
     */
    @ParameterizedTest(name = "{0} parameters")
    @CsvSource({
        "400e6, 8.0e9",
        "1e9, 20.2e9",
        "10e9, 205.1e9",
        "67e9, 1.5e12",
        "175e9, 3.7e12",
        "280e9, 5.9e12",
        "520e9, 11.0e12",
        "1e12, 21.2e12",
        "10e12, 216.2e12"
    })
    void tokensOfATable(double parameters, double tokens) {
        assertThat(ComputeOptimal.ofParameters(parameters).tokens()).isCloseTo(tokens, withPercentage(12));
    }

    /** The closed form of approach 3 is the least of the fitted loss at that many operations. */
    @ParameterizedTest(name = "{0} operations")
    @CsvSource({"1e19", "1e21", "5.76e23", "1e26"})
    void fittedOptimumIsALeast(double flops) {
        ComputeOptimal optimum = ComputeOptimal.ofFittedLoss(flops);
        assertThat(optimum.flops()).isCloseTo(flops, withPercentage(1e-9));
        double least = ComputeOptimal.fittedLoss(optimum.parameters(), optimum.tokens());
        for (double factor : new double[] {0.5, 0.9, 0.99, 1.01, 1.1, 2}) {
            double parameters = optimum.parameters() * factor;
            assertThat(ComputeOptimal.fittedLoss(parameters, flops / 6 / parameters))
                    .isGreaterThan(least);
        }
    }

    /**
     * The paper gives exponents of 0.46 for parameters and 0.54 for tokens (table 2): 0.45 and 0.55 from its constants.
     */
    @Test
    void fittedExponents() {
        double ratio = ComputeOptimal.ofFittedLoss(1e24).parameters()
                / ComputeOptimal.ofFittedLoss(1e22).parameters();
        assertThat(Math.log(ratio) / Math.log(100)).isCloseTo(0.46, withPercentage(3));
    }
}
