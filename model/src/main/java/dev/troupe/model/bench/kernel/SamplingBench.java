package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.sampling.Sampler;
import dev.troupe.model.sampling.SamplingOptions;
import dev.troupe.model.sampling.SamplingSpace;
import dev.troupe.model.sampling.TokenCounts;
import dev.troupe.model.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The choice of one token from a row of logits, on the thread that asks; counts the bytes of the logits. */
public final class SamplingBench implements KernelSuite {
    private static final int[] VOCABULARIES = {50_257, 151_936}; // GPT-2, Qwen2
    private static final float SPREAD = 16; // logits between -8 and 8

    private static final List<Choice> CHOICES = List.of(
            new Choice("greedy", SamplingOptions.greedy()),
            new Choice("temperature", SamplingOptions.atTemperature(0.8, 1)),
            new Choice("top-k 40", new SamplingOptions(0.8, 40, 1, 0, 1, 0, 0, Map.of(), 1)),
            new Choice("top-p 0.9", new SamplingOptions(0.8, 0, 0.9, 0, 1, 0, 0, Map.of(), 1)));

    private record Choice(String name, SamplingOptions options) {}

    @Override
    public List<BenchCase> cases() {
        List<BenchCase> cases = new ArrayList<>();
        for (Choice choice : CHOICES) {
            for (int vocabulary : VOCABULARIES) {
                cases.add(timed(choice, vocabulary));
            }
        }
        return cases;
    }

    private static BenchCase timed(Choice choice, int vocabulary) {
        Work work = Work.bytes((double) vocabulary * Float.BYTES);
        return BenchCase.of("sampling " + choice.name(), "vocabulary " + vocabulary, work, (kernels, arena) -> {
            Tensor logits = BenchInputs.random(arena, 1, vocabulary);
            for (int i = 0; i < vocabulary; i++) {
                logits.set(i, logits.get(i) * SPREAD);
            }
            Sampler sampler = new Sampler(choice.options(), new SamplingSpace());
            TokenCounts history = TokenCounts.ofPrompt(List.of());
            int[] index = {0};
            return () -> sampler.sample(logits, 0, index[0]++, history);
        });
    }
}
