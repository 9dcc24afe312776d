package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What others take of the processors is seen. */
class StolenTimeTest {
    private static final long MILLISECOND = 1_000_000;

    @Test
    void aMillisecondThatTookLongerLostTheRest() {
        List<Long> took = new ArrayList<>(Collections.nCopies(98, MILLISECOND));
        took.addAll(List.of(3 * MILLISECOND, 5 * MILLISECOND));
        StolenTime stolen = StolenTime.of(took);
        assertThat(stolen.share()).isCloseTo(6.0 / 106, within(1e-12));
        assertThat(stolen.millisecond()).isEqualTo(new Quantiles(1, 1, 5));
    }

    @Test
    void othersThatComputeAreSeen() {
        int processors = Runtime.getRuntime().availableProcessors();
        AtomicBoolean over = new AtomicBoolean();
        StolenTime stolen;
        try (ExecutorService others = Executors.newFixedThreadPool(2 * processors)) {
            for (int i = 0; i < 2 * processors; i++) {
                others.execute(() -> {
                    while (!over.get()) {
                        Thread.onSpinWait();
                    }
                });
            }
            try {
                stolen = StolenTime.of(StolenTime.watch(500 * MILLISECOND));
            } finally {
                over.set(true);
            }
        }
        // Two thirds in the long run; one that waits at the end has not told of it.
        assertThat(stolen.share()).isBetween(0.3, 0.9);
        assertThat(stolen.millisecond().p99()).isGreaterThan(1.5);
    }
}
