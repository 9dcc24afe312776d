package dev.troupe.model.kernel.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.kernel.VectorKernelProvider;
import dev.troupe.model.process.ChildJvm;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What machine code does is done without it, where it is switched off as where it cannot run. */
class WithoutMachineCodeTest {
    /** The provider's kernels, the choice of tokens, products in int8, and with blocks of four types. */
    private static final int CHECKS = 7;

    @Test
    void allKernelsAgreeWithTheReference() throws IOException, InterruptedException {
        new VectorKernelProvider().unavailable().ifPresent(reason -> assumeTrue(false, reason));
        String[] checks = ChildJvm.lastLine(WithoutMachineCode.class, List.of("-Dtroupe.machine_code=off"));
        assertThat(checks).containsExactly(String.valueOf(CHECKS));
    }
}
