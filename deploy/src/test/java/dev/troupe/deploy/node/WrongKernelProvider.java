package dev.troupe.deploy.node;

import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.ScalarKernelProvider;
import dev.troupe.model.kernel.norm.Normalization;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.tensor.Tensor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Optional;

/** The reference, but for RMSNorm, whose output is one part in a hundred too large. */
public final class WrongKernelProvider implements KernelProvider {
    static final String NAME = "wrong";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int rank() {
        return -1; // never by "auto"
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Kernels create(ComputePool pool) {
        Kernels right = new ScalarKernelProvider().create(pool);
        return new Kernels(
                NAME,
                right.precision(),
                right.gemm(),
                right.weightProduct(),
                wrong(right.normalization()),
                right.attention(),
                right.rotary(),
                right.activation(),
                right.crossEntropy(),
                right.embedding(),
                right.adamW(),
                right.elementwise());
    }

    private static Normalization wrong(Normalization right) {
        return (Normalization) Proxy.newProxyInstance(
                Normalization.class.getClassLoader(),
                new Class<?>[] {Normalization.class},
                (self, method, arguments) -> {
                    try {
                        Object result = method.invoke(right, arguments);
                        if (method.getName().equals("rmsForward")) {
                            Tensor y = (Tensor) arguments[5];
                            for (long i = 0; i < y.size(); i++) {
                                y.set(i, y.get(i) * 1.01f);
                            }
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause() == null ? e : e.getCause();
                    }
                });
    }
}
