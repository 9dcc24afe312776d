package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** Checks all kernels of a process without machine code; prints how many checks there were. */
public final class WithoutMachineCode {
    private WithoutMachineCode() {}

    /** Has no arguments. */
    public static void main(String[] args) {
        if (MachineCode.unavailable().isEmpty()) {
            throw new IllegalStateException("machine code runs here");
        }
        // Prompts in bf16 are oneDNN's alone, which is not everywhere.
        Set<KernelUse> uses = EnumSet.complementOf(EnumSet.of(KernelUse.BF16_PROMPTS));
        AtomicInteger checks = new AtomicInteger();
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            CheckedKernels.create("vector", Precision.FP32, pool, uses, check -> checks.incrementAndGet());
        }
        System.out.println(checks.get());
    }
}
