package dev.troupe.actors.serving.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.ScalarKernelProvider;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.transformer.InferenceSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemberHostTest {
    @TempDir
    private Path folder;

    /** Whoever lays out the next epoch's members waits for that. */
    @Test
    void whatCannotBeFreedHoldsNothingElse() {
        Path directory = SplitModels.write(folder, "m", SplitModels.config("llama"), 1);
        AtomicBoolean freed = new AtomicBoolean();
        try (OpenModel model = ModelFiles.open(directory)) {
            MemberSetup setup = new MemberSetup(
                    new ReplicaShape(2, 1, 1), model.config(), InferenceSettings.EXACT, 8, 4, Duration.ofSeconds(30));
            MemberHost host = new MemberHost(setup, 0);
            build(host, model, () -> freed.set(true));
            build(host, model, () -> {
                throw new IllegalStateException("a test says so");
            });
            host.close();
            host.freed().orTimeout(1, TimeUnit.MINUTES).join();
        }
        assertThat(freed).isTrue();
    }

    /** Comes as far as to its kernels: it has joined no group. */
    private static void build(MemberHost host, OpenModel model, Runnable free) {
        ComputePool pool = ComputeThreads.of(1).open();
        CompletableFuture<?> built = host.build(
                () -> new MemberHost.Compute(new ScalarKernelProvider().create(pool), pool, free), model.weights());
        assertThatThrownBy(built::join).hasMessageContaining("not built");
        pool.close();
    }
}
