package dev.troupe.actors.training.data;

import dev.troupe.model.mesh.MicroBatchSource;
import dev.troupe.model.parallel.PeerThread;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Reads the micro-batch that is expected next while the one before is computed, on a thread of its own. One is read
 * ahead; another than the expected one is read when it is asked for. Used by one thread.
 */
public final class ReadAhead implements MicroBatchSource, AutoCloseable {
    private final MicroBatchSource source;
    private final int rows;
    private final PeerThread thread;
    private @Nullable Batch expected;

    /**
     * Reads from {@code source}, which may wait.
     *
     * @param rows tokens of a micro-batch
     * @param name of the thread
     */
    public ReadAhead(MicroBatchSource source, int rows, String name) {
        this.source = source;
        this.rows = rows;
        this.thread = new PeerThread(name);
    }

    /** What is read, or has been. */
    private static final class Batch {
        private final long number;
        private final int[] inputs;
        private final int[] targets;
        private @Nullable Future<?> read;
        private volatile boolean isWanted = true;

        Batch(long number, int rows) {
            this.number = number;
            this.inputs = new int[rows];
            this.targets = new int[rows];
        }
    }

    @Override
    public void fill(long microBatch, int[] inputs, int[] targets) {
        Batch ready = expected;
        if (ready == null || ready.number != microBatch) {
            forget();
            source.fill(microBatch, inputs, targets);
            return;
        }
        expected = null; // a failure must not be met again
        PeerThread.await(ready.read);
        System.arraycopy(ready.inputs, 0, inputs, 0, rows);
        System.arraycopy(ready.targets, 0, targets, 0, rows);
    }

    @Override
    public void expect(long microBatch) {
        forget();
        Batch next = new Batch(microBatch, rows);
        expected = next;
        next.read = thread.start(() -> {
            if (next.isWanted) {
                source.fill(microBatch, next.inputs, next.targets);
            }
        });
    }

    /** What was expected was a wrong guess. */
    private void forget() {
        Batch wrong = expected;
        expected = null;
        if (wrong != null) {
            wrong.isWanted = false;
        }
    }

    /** Ends a wait for tokens. */
    @Override
    public void close() {
        forget();
        thread.interrupt();
        thread.close();
    }
}
