package dev.troupe.deploy.bench;

import dev.troupe.deploy.bench.LoadTarget.Answered;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** How long a level's requests waited for their first tokens. */
record FirstTokens(List<Wait> waits) {
    /** A request's, in nanoseconds: of the engine's steps, and what none of them took. */
    record Wait(double steps, double around) {}

    /** @param around nanoseconds of an answer's wait that none of the engine's steps took */
    static FirstTokens of(List<Answered> answers, ToDoubleFunction<Answered> around) {
        return new FirstTokens(answers.stream()
                .map(answered -> {
                    double way = around.applyAsDouble(answered);
                    return new Wait(answered.firstTokenNanos() - way, way);
                })
                .toList());
    }

    static FirstTokens joined(List<FirstTokens> rounds) {
        return new FirstTokens(
                rounds.stream().flatMap(round -> round.waits.stream()).toList());
    }

    Quantiles quantiles() {
        return Quantiles.of(waits.stream().mapToDouble(wait -> wait.steps + wait.around));
    }

    Quantiles aroundQuantiles() {
        return Quantiles.of(waits.stream().mapToDouble(Wait::around));
    }

    /**
     * What this level adds to the quantiles of another's waits: its own beside those that its steps would make with
     * what is around steps there, any with any. The engine's steps drift by more than all that is around them, and the
     * difference of two levels' P99 is theirs; here both have the same. So by how much a level makes steps longer is
     * not in it, but in its tokens a second.
     */
    Quantiles addedTo(FirstTokens other) {
        double[] steps = waits.stream().mapToDouble(Wait::steps).toArray();
        double[] around = other.waits.stream().mapToDouble(Wait::around).toArray();
        return quantiles().minus(Quantiles.ofSums(steps, around));
    }
}
