package dev.troupe.model.kernel.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.Attention;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.linear.LinearProducts;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.WeightLayout;
import dev.troupe.model.tensor.TensorArena;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The self-check passes real providers and finds each operation that does not do its work. */
class KernelSelfCheckTest {
    static Stream<KernelProvider> providers() {
        return KernelProviders.all().stream()
                .filter(provider -> provider.unavailable().isEmpty());
    }

    @ParameterizedTest
    @MethodSource("providers")
    void realProvidersPass(KernelProvider provider) {
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            SelfCheck check = KernelSelfCheck.run(provider.create(pool), pool);
            assertThat(check.differences()).isEmpty();
            assertThat(check.comparisons()).isGreaterThanOrEqualTo(KernelContracts.ALL.size());
            check.require();
        }
    }

    /** Every method of every operation: a new one that no contract calls fails here. */
    static Stream<Arguments> operations() {
        List<Arguments> operations = new ArrayList<>();
        for (RecordComponent component : Kernels.class.getRecordComponents()) {
            for (Method method : component.getType().getMethods()) {
                // What makes an operand, a weight or a cache, or says how one lies, is not an operation.
                boolean makes = List.of(LinearProducts.class, Attention.class).contains(component.getType())
                        && Arrays.asList(method.getParameterTypes()).contains(TensorArena.class);
                boolean says = method.getReturnType() == WeightLayout.class;
                if (!makes
                        && !says
                        && !Modifier.isStatic(method.getModifiers())
                        && component.getType().isInterface()) {
                    operations.add(Arguments.of(component.getName() + "." + method.getName(), component, method));
                }
            }
        }
        return operations.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("operations")
    void anOperationThatDoesNothingIsFound(String name, RecordComponent component, Method idle) throws Exception {
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = KernelProviders.select("vector").create(pool);
            SelfCheck check = KernelSelfCheck.run(withIdle(kernels, component, idle), pool);
            assertThat(check.differences()).as(name).isNotEmpty();
            KernelDifference first = check.differences().getFirst();
            assertThatThrownBy(check::require)
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContainingAll("vector", first.operation(), first.shape(), first.output());
        }
    }

    private static Kernels withIdle(Kernels kernels, RecordComponent component, Method idle) throws Exception {
        RecordComponent[] components = Kernels.class.getRecordComponents();
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            Object value = components[i].getAccessor().invoke(kernels);
            values[i] = components[i].getName().equals(component.getName())
                    ? idle(component.getType(), value, idle)
                    : value;
        }
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        return Kernels.class.getDeclaredConstructor(types).newInstance(values);
    }

    private static Object idle(Class<?> type, Object kernel, Method idle) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
            if (!method.equals(idle)) {
                return method.invoke(kernel, arguments);
            }
            Class<?> result = method.getReturnType();
            if (result == PackedMatrix.class) {
                PackedMatrix packed = (PackedMatrix) method.invoke(kernel, arguments);
                packed.data().zero();
                return packed;
            }
            if (result == PackedWeight.class) {
                PackedWeight packed = (PackedWeight) method.invoke(kernel, arguments);
                packed.data().fill((byte) 0);
                return packed;
            }
            if (result == Operand.class) {
                return arguments[arguments.length - 1]; // where the result would be
            }
            return result == double.class ? (Object) 0.0 : null;
        });
    }
}
