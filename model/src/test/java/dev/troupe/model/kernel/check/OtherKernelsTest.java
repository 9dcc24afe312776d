package dev.troupe.model.kernel.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.ScalarKernelProvider;
import dev.troupe.model.kernel.VectorKernelProvider;
import dev.troupe.model.kernel.int8.Int8Product;
import dev.troupe.model.kernel.int8.ScalarInt8Product;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.StorageType;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every implementation beside the providers' keeps its contract, and one that does not is found and not used. */
class OtherKernelsTest {
    private static final List<KernelChoice<?>> CHOICES = List.of(
            OtherKernels.INT8,
            OtherKernels.blocks(StorageType.Q8_0),
            OtherKernels.blocks(StorageType.Q6_K),
            OtherKernels.blocks(StorageType.Q4_0),
            OtherKernels.blocks(StorageType.Q4_K),
            OtherKernels.BF16_PROMPTS,
            OtherKernels.SAMPLING);

    static Stream<Arguments> choices() {
        return CHOICES.stream()
                .map(choice -> Arguments.of(choice.candidates().getFirst().name(), choice));
    }

    static Stream<Arguments> candidates() {
        return CHOICES.stream()
                .flatMap(choice -> choice.candidates().stream())
                .map(candidate -> Arguments.of(candidate.name(), candidate));
    }

    /** So that a run of all tests says which are not compared, and why. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("candidates")
    void runsHere(String name, KernelChoice.Candidate<?> candidate) {
        Optional<String> unavailable = candidate.unavailable().get();
        assumeTrue(unavailable.isEmpty(), () -> name + ": " + unavailable.orElse(""));
        try (FixedComputePool pool = FixedComputePool.create(1)) {
            Object kernel = candidate.maker().apply(pool);
            assertThat(kernel).isNotNull();
            KernelChoice.close(kernel);
        }
    }

    /** All that run here at once, on one thread and on three: the reference takes longer than they do. */
    @ParameterizedTest(name = "{0} and others")
    @MethodSource("choices")
    <K> void agreeWithTheReference(String name, KernelChoice<K> choice) {
        List<KernelDifference> differences = new ArrayList<>();
        Map<Comparison.Subject<K>, Consumer<KernelDifference>> subjects = new HashMap<>();
        try (FixedComputePool one = FixedComputePool.create(1);
                FixedComputePool three = FixedComputePool.create(3)) {
            for (KernelChoice.Candidate<K> candidate : choice.candidates()) {
                for (FixedComputePool pool : List.of(one, three)) {
                    if (candidate.unavailable().get().isEmpty()) {
                        String subject = candidate.name() + ", " + pool.threads() + " threads";
                        K kernel = candidate.maker().apply(pool);
                        subjects.put(new Comparison.Subject<>(subject, kernel), differences::add);
                    }
                }
            }
            assumeTrue(!subjects.isEmpty(), () -> "none of " + name + " and others runs here");
            Comparison<K> comparison = choice.comparison(subjects);
            choice.contract(three).full(comparison);
            choice.contract(three).brief(comparison);
            subjects.keySet().forEach(subject -> KernelChoice.close(subject.kernels()));
            assertThat(comparison.count()).isGreaterThan(50);
        }
        assertThat(differences).isEmpty();
    }

    private static KernelChoice.Candidate<Int8Product> differing(String name, int column) {
        Int8Product right = new ScalarInt8Product();
        return new KernelChoice.Candidate<>(name, pool -> (m, a, lda, w, bias, c, ldc, accumulate) -> {
            right.multiply(m, a, lda, w, bias, c, ldc, accumulate);
            if (m > 0 && column < w.n()) {
                c.set(column, Math.nextUp(c.get(column)));
            }
        });
    }

    private static KernelChoice<Int8Product> choice(List<KernelChoice.Candidate<Int8Product>> candidates) {
        return new KernelChoice<>(Int8Contract::new, new ScalarInt8Product(), candidates, "Do something else");
    }

    /** In one number of one row, in its last place. */
    @Test
    void oneThatDiffersIsPassedOver() {
        KernelChoice.Candidate<Int8Product> absent =
                new KernelChoice.Candidate<>("absent", () -> Optional.of("no such unit"), pool -> {
                    throw new AssertionError("made");
                });
        KernelChoice.Candidate<Int8Product> right =
                new KernelChoice.Candidate<>("right", pool -> new ScalarInt8Product());
        List<SelfCheck> checks = new ArrayList<>();
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            KernelChoice<Int8Product> choice = choice(List.of(absent, differing("wrong", 66), right));
            assertThat(choice.choose(pool, checks::add)).isSameAs(right);
            assertThat(checks).extracting(SelfCheck::provider).containsExactly("wrong", "right");
            assertThat(checks.getFirst().problem())
                    .contains("\"wrong\"", "int8 product at m 67, n 208, k 144", "c is off by", "0.00 is allowed");
            assertThat(choice.choose(pool, checks::add)).isSameAs(right);
            assertThat(checks).as("checks of a second choice").hasSize(2);
        }
    }

    @Test
    void whereNoneIsLeftTheOperationIsRefused() {
        try (FixedComputePool pool = FixedComputePool.create(1)) {
            KernelChoice<Int8Product> choice = choice(List.of(differing("first", 0), differing("second", 1)));
            assertThatThrownBy(() -> choice.create(pool, check -> {}))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContainingAll("\"first\"", "\"second\"", "c is off by", "Do something else");
        }
    }

    /** Numbers that a buffer held before must not matter, not even times zero. */
    @Test
    void oneThatReadsItsResultIsFound() {
        Int8Product right = new ScalarInt8Product();
        KernelChoice.Candidate<Int8Product> reading =
                new KernelChoice.Candidate<>("reading", pool -> (m, a, lda, w, bias, c, ldc, accumulate) -> {
                    float before = m > 0 && w.n() > 0 ? c.get(0) : 0;
                    right.multiply(m, a, lda, w, bias, c, ldc, accumulate);
                    if (m > 0 && w.n() > 0) {
                        c.set(0, c.get(0) + 0 * before);
                    }
                });
        try (FixedComputePool pool = FixedComputePool.create(1)) {
            assertThatThrownBy(() -> choice(List.of(reading)).create(pool, check -> {}))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("c is off by NaN");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void allThatIsAskedForIsCompared(int threads) {
        List<SelfCheck> checks = new ArrayList<>();
        Set<KernelUse> uses = EnumSet.of(KernelUse.INT8_PRODUCTS, KernelUse.SAMPLING);
        uses.addAll(KernelUse.anyBlocks());
        try (FixedComputePool pool = FixedComputePool.create(threads)) {
            assertThatCode(() ->
                            CheckedKernels.require(new VectorKernelProvider().create(pool), pool, uses, checks::add))
                    .doesNotThrowAnyException();
        }
        assertThat(checks).allSatisfy(check -> assertThat(check.differences()).isEmpty());
    }

    /** Its weights lie in rows, which would be read as panels. */
    @Test
    void promptsInBf16NeedTheVectorKernels() {
        try (FixedComputePool pool = FixedComputePool.create(1)) {
            assertThatThrownBy(() -> CheckedKernels.require(
                            new ScalarKernelProvider().create(pool), pool, Set.of(KernelUse.BF16_PROMPTS), check -> {}))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContainingAll("bf16", "scalar", "prefill to exact");
        }
    }
}
