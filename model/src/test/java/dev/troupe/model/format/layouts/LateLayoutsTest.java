package dev.troupe.model.format.layouts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.format.ModelConverter;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.int8.DotBlockProduct;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.LateLayout;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import dev.troupe.model.transformer.StoredWeights;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Layouts that are filled once the model has answered: the same bits before, and after. */
@Timeout(60)
class LateLayoutsTest {
    private static final Duration LONG = Duration.ofHours(1);

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path temp;

    private Path write(StorageType type) {
        Path directory = temp.resolve("model");
        SmallModel.write(directory, SmallModel.SEED);
        Path file = temp.resolve("model.gguf");
        ModelConverter.convert(directory, file, type);
        return file;
    }

    private static InferenceModel create(StoredWeights weights, InferenceSettings settings, FixedComputePool pool) {
        Kernels kernels = KernelProviders.select("vector").create(pool);
        return InferenceModel.create(
                SmallModel.CONFIG, _ -> weights, kernels, settings.options(kernels, pool), 1, SmallModel.ROWS);
    }

    private static List<Float> logits(InferenceModel model) {
        return SmallModel.logits(model, SmallModel.ROWS);
    }

    /** A layout that nothing is made of. */
    private static final class Counted implements LateLayout {
        private final List<Integer> filled = new ArrayList<>();
        private final CountDownLatch all = new CountDownLatch(1);

        @Override
        public int pieces() {
            return 3;
        }

        @Override
        public void fill(int piece) {
            filled.add(piece);
        }

        void await() throws InterruptedException {
            assertThat(all.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(filled).containsExactly(0, 1, 2);
        }
    }

    /** The model's file is closed before anybody asks, and heads of a GGUF file are not in our order. */
    @ParameterizedTest
    @CsvSource({"Q8_0,BLOCKS", "Q4_0,BLOCKS", "Q4_K,BLOCKS", "Q4_0,INT8"})
    void answersHaveTheSameBitsBeforeAndAfter(StorageType type, Decode decode) throws InterruptedException {
        DotBlockProduct.unavailable().ifPresent(reason -> assumeTrue(false, reason));
        Path file = write(type);
        InferenceSettings settings = new InferenceSettings(null, Prefill.AUTO, decode);
        Counted last = new Counted();
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            List<Float> expected;
            try (OpenModel files = ModelFiles.open(file);
                    InferenceModel model = create(files.weights(), settings, pool)) {
                expected = logits(model);
            }
            LateLayouts late;
            InferenceModel model;
            try (OpenModel files = ModelFiles.open(file)) {
                late = new LateLayouts(files.path());
                OpenModel later = late.of(files);
                assertThat(later.version()).isEqualTo(files.version());
                model = create(later.weights(), settings, pool);
            }
            try (model;
                    late) {
                assertThat(late.isEmpty()).isFalse(); // of Q4_K those whose rows do not fill blocks, which are Q8_0
                late.add(last, last.all::countDown);
                assertThat(logits(model)).isEqualTo(expected);
                late.start(LONG);
                late.begin();
                logits(model); // while they are filled
                last.await();
                assertThat(logits(model)).isEqualTo(expected);
            }
        }
    }

    private LateLayouts some(OpenModel files, LateLayout... layouts) {
        LateLayouts late = new LateLayouts(files.path());
        for (LateLayout layout : layouts) {
            late.add(layout, layout instanceof Counted counted ? counted.all::countDown : () -> {});
        }
        return late;
    }

    @Test
    void fillingBeginsWithTheFirstAnswerOrWhenNobodyAsks() throws InterruptedException {
        try (OpenModel files = ModelFiles.open(write(StorageType.Q8_0))) {
            Counted asked = new Counted();
            try (LateLayouts late = some(files, asked)) {
                late.start(LONG);
                assertThat(asked.all.await(50, TimeUnit.MILLISECONDS)).isFalse();
                late.begin();
                asked.await();
            }
            Counted alone = new Counted();
            try (LateLayouts late = some(files, alone)) {
                late.start(Duration.ofMillis(10));
                alone.await();
            }
        }
    }

    /** Memory is freed after that. */
    @Test
    void nothingIsFilledOnceItIsClosed() throws InterruptedException {
        try (OpenModel files = ModelFiles.open(write(StorageType.Q8_0))) {
            CountDownLatch within = new CountDownLatch(1);
            CountDownLatch goesOn = new CountDownLatch(1);
            List<Integer> pieces = new ArrayList<>();
            LateLayouts late = some(files, new LateLayout() {
                @Override
                public int pieces() {
                    return 2;
                }

                @Override
                public void fill(int piece) {
                    pieces.add(piece);
                    within.countDown();
                    try {
                        assertThat(goesOn.await(30, TimeUnit.SECONDS)).isTrue();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
            });
            late.start(Duration.ZERO);
            within.await();
            Thread closing = Thread.startVirtualThread(late::close);
            closing.join(Duration.ofMillis(50));
            assertThat(closing.isAlive()).as("it waits for the piece").isTrue();
            goesOn.countDown();
            closing.join();
            assertThat(pieces).containsExactly(0);

            Counted never = new Counted();
            LateLayouts before = some(files, never);
            before.start(LONG);
            before.close();
            assertThat(never.filled).isEmpty();
        }
    }

    @Test
    void whatCannotBeFilledStaysInItsFile() throws InterruptedException {
        try (OpenModel files = ModelFiles.open(write(StorageType.Q8_0))) {
            CountDownLatch failed = new CountDownLatch(1);
            Counted next = new Counted();
            LateLayout broken = new LateLayout() {
                @Override
                public int pieces() {
                    return 1;
                }

                @Override
                public void fill(int piece) {
                    failed.countDown();
                    throw new IllegalStateException("as a test wants it");
                }
            };
            LateLayouts late = some(files, broken, next);
            late.start(Duration.ZERO);
            failed.await();
            late.close();
            assertThat(next.filled).isEmpty();
        }
    }
}
