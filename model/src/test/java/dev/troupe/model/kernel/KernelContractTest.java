package dev.troupe.model.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.check.Comparison;
import dev.troupe.model.kernel.check.KernelContracts;
import dev.troupe.model.kernel.check.KernelDifference;
import dev.troupe.model.kernel.check.KernelSelfCheck;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.check.OperationContract;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every provider that can run here keeps every operation's contract. The reference, which takes most of the time, runs
 * once for all providers of a precision, and as many contracts at once as there are cores. For the provider that is the
 * reference, what is tested is that it does all sizes.
 */
public class KernelContractTest {
    private static final long SEED = 7;

    private record Run(OperationContract<Kernels> contract, Precision precision) {}

    private static final Map<Run, Future<Map<String, List<KernelDifference>>>> RUNS = new HashMap<>();

    @BeforeAll
    static void start() {
        // A device takes its work from one thread.
        boolean device = TestedProviders.all().stream()
                .anyMatch(provider ->
                        provider.unavailable().isEmpty() && provider.device().isPresent());
        ExecutorService threads =
                Executors.newFixedThreadPool(device ? 1 : Runtime.getRuntime().availableProcessors());
        for (OperationContract<Kernels> contract : KernelContracts.ALL) {
            for (Precision precision : Precision.values()) {
                RUNS.put(new Run(contract, precision), threads.submit(() -> differences(contract, precision)));
            }
        }
        threads.shutdown();
    }

    @AfterAll
    static void forget() {
        RUNS.clear();
    }

    /** By the provider's label. */
    private static Map<String, List<KernelDifference>> differences(
            OperationContract<Kernels> contract, Precision precision) {
        KernelProvider reference = KernelSelfCheck.reference(precision);
        Map<String, List<KernelDifference>> differences = new HashMap<>();
        Map<Comparison.Subject<Kernels>, Consumer<KernelDifference>> subjects = new HashMap<>();
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            for (KernelProvider provider : TestedProviders.all()) {
                if (provider.precision() == precision && provider.unavailable().isEmpty()) {
                    List<KernelDifference> found = new ArrayList<>();
                    differences.put(provider.label(), found);
                    if (provider.getClass() != reference.getClass()) {
                        subjects.put(Comparison.Subject.of(provider.create(pool)), found::add);
                    }
                }
            }
            if (!differences.isEmpty()) {
                contract.full(new Comparison<>(
                        subjects, Comparison.Subject.of(reference.create(pool)), precision, SEED, KernelUse.all()));
            }
        }
        return differences;
    }

    static Stream<Arguments> cases() {
        return TestedProviders.all().stream()
                .flatMap(provider -> KernelContracts.ALL.stream()
                        .map(contract -> Arguments.of(provider.label(), contract.name(), provider, contract)));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void agreesWithTheReference(
            String name, String operation, KernelProvider provider, OperationContract<Kernels> contract)
            throws Exception {
        TestedProviders.assumed(name);
        assertThat(Objects.requireNonNull(RUNS.get(new Run(contract, provider.precision())))
                        .get())
                .hasEntrySatisfying(
                        name,
                        differences -> assertThat(differences)
                                .as("%s of %s, seed %d", operation, name, SEED)
                                .isEmpty());
    }
}
