package dev.troupe.model.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.check.Comparison;
import dev.troupe.model.kernel.check.KernelContracts;
import dev.troupe.model.kernel.check.KernelDifference;
import dev.troupe.model.kernel.check.KernelSelfCheck;
import dev.troupe.model.kernel.check.OperationContract;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every provider that can run here keeps every operation's contract. */
public class KernelContractTest {
    private static final long SEED = 7;

    static Stream<Arguments> cases() {
        return TestedProviders.all().stream()
                .flatMap(provider -> KernelContracts.ALL.stream()
                        .map(contract -> Arguments.of(provider.label(), contract.name(), provider, contract)));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void agreesWithTheReference(String name, String operation, KernelProvider provider, OperationContract contract) {
        TestedProviders.assumed(name);
        List<KernelDifference> differences = new ArrayList<>();
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels reference = KernelSelfCheck.reference(provider.precision()).create(pool);
            contract.full(new Comparison(provider.create(pool), reference, SEED, differences::add));
        }
        assertThat(differences).as("%s of %s, seed %d", operation, name, SEED).isEmpty();
    }
}
