package dev.troupe.model.bench;

import dev.troupe.model.bench.PartTimer.Part;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.activation.Activation;
import dev.troupe.model.kernel.attention.Attention;
import dev.troupe.model.kernel.elementwise.Elementwise;
import dev.troupe.model.kernel.embedding.Embedding;
import dev.troupe.model.kernel.gemm.Gemm;
import dev.troupe.model.kernel.linear.LinearProducts;
import dev.troupe.model.kernel.linear.LinearWeight;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.kernel.loss.CrossEntropy;
import dev.troupe.model.kernel.norm.Normalization;
import dev.troupe.model.kernel.optimizer.AdamWUpdate;
import dev.troupe.model.kernel.quantized.WeightProduct;
import dev.troupe.model.kernel.rope.RotaryEmbedding;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;

/**
 * Kernels that book the time of each call. By proxies: a call costs about a microsecond more, of kernels that take tens
 * to thousands.
 */
final class TimedKernels {
    private final PartTimer timer;
    private final int vocab;

    private TimedKernels(PartTimer timer, int vocab) {
        this.timer = timer;
        this.vocab = vocab;
    }

    /** Matrix products with a dimension of {@code vocab} belong to the head. */
    static Kernels of(Kernels kernels, PartTimer timer, int vocab) {
        TimedKernels timed = new TimedKernels(timer, vocab);
        return new Kernels(
                kernels.name(),
                kernels.precision(),
                timed.wrap(Gemm.class, kernels.gemm(), Part.GEMM),
                timed.wrap(LinearProducts.class, kernels.linear(), Part.GEMM),
                timed.wrap(WeightProduct.class, kernels.weightProduct(), Part.GEMM),
                timed.wrap(Normalization.class, kernels.normalization(), Part.POINTWISE),
                timed.wrap(Attention.class, kernels.attention(), Part.ATTENTION),
                timed.wrap(RotaryEmbedding.class, kernels.rotary(), Part.POINTWISE),
                timed.wrap(Activation.class, kernels.activation(), Part.POINTWISE),
                timed.wrap(CrossEntropy.class, kernels.crossEntropy(), Part.HEAD_AND_LOSS),
                timed.wrap(Embedding.class, kernels.embedding(), Part.POINTWISE),
                timed.wrap(AdamWUpdate.class, kernels.adamW(), Part.OPTIMIZER),
                timed.wrap(Elementwise.class, kernels.elementwise(), Part.POINTWISE));
    }

    private <T> T wrap(Class<T> type, T kernel, Part part) {
        Object proxy =
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    long start = System.nanoTime();
                    Object result = invoke(kernel, method, arguments);
                    timer.add(partOf(part, method, arguments), System.nanoTime() - start);
                    return result;
                });
        return type.cast(proxy);
    }

    private Part partOf(Part part, Method method, Object[] arguments) {
        if (part == Part.GEMM && Arrays.stream(arguments).anyMatch(this::ofTheVocabulary)) {
            return Part.HEAD_AND_LOSS;
        }
        return method.getName().equals("sumOfSquares") ? Part.OPTIMIZER : part;
    }

    private boolean ofTheVocabulary(Object argument) {
        return switch (argument) {
            case Integer number -> number == vocab;
            case LinearWeight weight -> weight.out() == vocab;
            case Operand operand -> operand.columns() == vocab;
            case null, default -> false;
        };
    }

    private static Object invoke(Object kernel, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(kernel, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }
}
