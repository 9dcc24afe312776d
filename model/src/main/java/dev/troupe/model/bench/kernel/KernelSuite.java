package dev.troupe.model.bench.kernel;

import java.util.List;

/** The benchmarks of one family of operations. */
@FunctionalInterface
public interface KernelSuite {
    /**
     * What can be measured, in the order of the report. Cheap: names, shapes and amounts only; a case allocates when it
     * is prepared, which happens only to those that were asked for.
     */
    List<BenchCase> cases();
}
