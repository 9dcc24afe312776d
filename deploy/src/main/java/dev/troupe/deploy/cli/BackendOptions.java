package dev.troupe.deploy.cli;

import dev.troupe.model.kernel.Precision;
import picocli.CommandLine.Option;

/** Whose kernels compute, and what their products round operands to. */
final class BackendOptions {
    @Option(names = "--backend", paramLabel = "NAME", defaultValue = "auto", description = "kernel provider")
    private String backend = "auto";

    @Option(
            names = "--precision",
            paramLabel = "NAME",
            defaultValue = "fp32",
            description = "of the operands of products: fp32 or bf16 (default: ${DEFAULT-VALUE})")
    private String precision = "fp32";

    String backend() {
        return backend;
    }

    Precision precision() {
        return Precision.named(precision);
    }
}
