package dev.troupe.actors.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.mesh.MicroBatchSource;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReadAheadTest {
    private static final int ROWS = 3;

    private final BlockingQueue<Long> read = new LinkedBlockingQueue<>();

    private void number(long microBatch, int[] inputs, int[] targets) {
        read.add(microBatch);
        if (microBatch == 13) {
            throw new TroupeException("thirteen");
        }
        for (int i = 0; i < ROWS; i++) {
            inputs[i] = (int) (microBatch * 10 + i);
            targets[i] = -inputs[i];
        }
    }

    private static void assertFills(MicroBatchSource source, long microBatch) {
        int[] inputs = new int[ROWS];
        int[] targets = new int[ROWS];
        source.fill(microBatch, inputs, targets);
        int first = (int) microBatch * 10;
        assertThat(inputs).containsExactly(first, first + 1, first + 2);
        assertThat(targets).containsExactly(-first, -first - 1, -first - 2);
    }

    @Test
    void whatIsExpectedIsReadBeforeItIsAskedFor() throws InterruptedException {
        try (ReadAhead source = new ReadAhead(this::number, ROWS, "reads")) {
            for (long batch : List.of(0L, 2L, 4L)) {
                assertFills(source, batch);
                assertThat(read.poll(10, TimeUnit.SECONDS)).isEqualTo(batch);
                source.expect(batch + 2);
                assertThat(read.peek() == null ? batch + 2 : read.peek()).isEqualTo(batch + 2);
            }
            assertFills(source, 3); // a wrong guess before it
            assertFills(source, 3); // none
            assertThat(read).endsWith(3L, 3L);
        }
    }

    @Test
    void aFailureIsWhoseBatchItIs() {
        try (ReadAhead source = new ReadAhead(this::number, ROWS, "reads")) {
            source.expect(13);
            assertFills(source, 5);
            source.expect(13);
            assertThatThrownBy(() -> source.fill(13, new int[ROWS], new int[ROWS]))
                    .isInstanceOf(TroupeException.class)
                    .hasMessage("thirteen");
            source.expect(14);
            assertFills(source, 14);
        }
    }

    @Test
    void closingEndsAWait() throws InterruptedException {
        CountDownLatch reads = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        ReadAhead source = new ReadAhead(
                (_, _, _) -> {
                    reads.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        ended.countDown();
                    }
                },
                ROWS,
                "waits");
        source.expect(1);
        assertThat(reads.await(10, TimeUnit.SECONDS)).isTrue();
        source.expect(2); // the thread is at another one
        source.close();
        assertThat(ended.await(1, TimeUnit.SECONDS)).isTrue();
    }
}
