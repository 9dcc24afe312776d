package dev.troupe.model.plan.published;

import dev.troupe.model.plan.ComputeOptimal;
import dev.troupe.model.plan.ModelFlops;
import dev.troupe.model.plan.ModelShape;
import dev.troupe.model.plan.published.Comparison.Basis;
import java.util.List;

/** What GPT-3 was computed with (arXiv:2005.14165) and what Chinchilla's budget is best spent on (arXiv:2203.15556). */
final class ComputeRuns {
    private ComputeRuns() {}

    static List<Comparison> compare() {
        ModelShape gpt3 = ModelShape.gpt(96, 12_288, 96, 50_257, 2048);
        ComputeOptimal chinchilla = ComputeOptimal.ofFlops(5.76e23);
        return List.of(
                // The paper counts 6 N D; attention and logits are 3 percent more.
                new Comparison(
                        "GPT-3 175B, 300e9 tokens",
                        "arXiv:2005.14165 table D.1",
                        "operations",
                        "10^23",
                        3.14,
                        ModelFlops.perToken(gpt3) * 300e9 / 1e23,
                        Basis.COUNTED,
                        0.04),
                new Comparison(
                        "Chinchilla, 5.76e23 operations",
                        "arXiv:2203.15556 sec. 4",
                        "optimal parameters",
                        "10^9",
                        70,
                        chinchilla.parameters() / 1e9,
                        Basis.COUNTED,
                        0.02),
                new Comparison(
                        "Chinchilla, 5.76e23 operations",
                        "arXiv:2203.15556 sec. 4",
                        "optimal tokens",
                        "10^12",
                        1.4,
                        chinchilla.tokens() / 1e12,
                        Basis.COUNTED,
                        0.02));
    }
}
