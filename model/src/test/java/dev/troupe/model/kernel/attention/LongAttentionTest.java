package dev.troupe.model.kernel.attention;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.process.ChildJvm;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Attention needs memory for rows, not for pairs of rows. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "reads the size of a process from /proc")
class LongAttentionTest {
    /** Of a JVM that compiles and runs the kernels; scores would be 6.4 GB, half of them 3.2. */
    private static final long MOST_BYTES = 256L << 20;

    private static final double LARGEST_ERROR = 1e-5;

    @Test
    void fortyThousandTokensFitWhereTheirScoresWouldNot() throws IOException, InterruptedException {
        assertThat(4L * LongAttention.TIME * LongAttention.TIME / 2).isGreaterThan(10 * MOST_BYTES);
        String[] figures = ChildJvm.lastLine(LongAttention.class, List.of("-Xmx128m"));
        assertThat(Long.parseLong(figures[0])).as("bytes").isBetween(1L, MOST_BYTES);
        assertThat(Double.parseDouble(figures[1])).as("error of the output").isLessThan(LARGEST_ERROR);
        assertThat(Double.parseDouble(figures[2])).as("error of the gradient").isLessThan(LARGEST_ERROR);
    }
}
