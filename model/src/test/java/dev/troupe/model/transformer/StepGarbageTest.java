package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.process.ChildJvm;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A training step leaves no garbage but the small objects of parallel calls, and takes no native memory. */
class StepGarbageTest {
    /** Tokens of the step that is measured. */
    static final int ROWS = 4 * 64;

    /** A twentieth of the step's activations: a boxed vector in any inner loop leaves far more. */
    static final long MOST_BYTES = 4L * ROWS * 64 * 16 * 2 / 20;

    @Test
    void aStepAllocatesNoTensors() throws IOException, InterruptedException {
        String[] bytes = ChildJvm.lastLine(StepGarbage.class, List.of(), "vector");
        assertThat(Long.parseLong(bytes[0])).as("bytes of heap a step").isLessThan(MOST_BYTES);
        assertThat(Long.parseLong(bytes[1])).as("bytes of native memory").isZero();
    }
}
