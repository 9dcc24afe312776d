package dev.troupe.actors.serving.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.troupe.actors.serving.Requests;
import dev.troupe.model.sampling.SamplingSpace;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AnswerSamplerTest {
    private static final int ROUNDS = 20;

    /** A draft model may pad its vocabulary to another size: 600 KB were made anew at each change between the two. */
    @Test
    void guessesOfAnotherVocabularyNeedNoNewMemory() {
        try (TensorArena arena = TensorArena.open("test.answer-sampler")) {
            Tensor logits = arena.allocate(1, 50_000);
            Tensor ofDraft = arena.allocate(1, 50_176);
            AnswerSampler sampler =
                    new AnswerSampler(Requests.greedy("a", List.of(1), 100), Optional.empty(), new SamplingSpace());
            SamplingSpace guesses = new SamplingSpace();
            sampler.guess(ofDraft, 0, List.of(), guesses); // classes are loaded, and the spaces are made
            sampler.draw(logits, 0);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int round = 0; round < ROUNDS; round++) {
                sampler.guess(ofDraft, 0, List.of(), guesses);
                sampler.draw(logits, 0);
            }
            long each = (threads.getCurrentThreadAllocatedBytes() - before) / ROUNDS;
            assertThat(each).as("bytes of a guess and a draw").isBetween(0L, 8192L);
        }
    }
}
