package dev.troupe.model.format.layouts;

import dev.troupe.model.Background;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.tensor.LateLayout;
import dev.troupe.model.transformer.LateFiller;
import dev.troupe.model.transformer.StoredWeights;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fills the layouts of a model's weights once it has answered, so that nobody waits for memory, which the host of a
 * virtual machine may have to give first. Until then products read the model's files, which stay mapped for so long.
 * One load.
 */
public final class LateLayouts implements LateFiller, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LateLayouts.class);

    private final Path path; // and not the model: its vocabulary would stay in memory for as long as it is served
    private final List<Work> work = new CopyOnWriteArrayList<>();
    private final CountDownLatch begun = new CountDownLatch(1);
    private volatile boolean stopped;
    private @Nullable Background<Void> filling;

    private record Work(LateLayout layout, Runnable filled) {}

    /** @param path of the model, for messages */
    public LateLayouts(Path path) {
        this.path = path;
    }

    /** The model, of whose weights those are laid out later that can be. */
    public OpenModel of(OpenModel files) {
        return files.with(new Weights(files.weights()), files.digest());
    }

    private final class Weights extends ForwardedWeights {
        Weights(StoredWeights stored) {
            super(stored);
        }

        @Override
        public Optional<LateFiller> later() {
            return Optional.of(LateLayouts.this);
        }
    }

    @Override
    public void add(LateLayout layout, Runnable filled) {
        work.add(new Work(layout, filled));
    }

    /** Whether there are none. */
    public boolean isEmpty() {
        return work.isEmpty();
    }

    /**
     * Begins to wait. To be called once, when the model is loaded; {@link #close} ends it.
     *
     * @param patience after which they are filled though nobody has {@linkplain #begin said so}
     */
    public synchronized void start(Duration patience) {
        filling = Background.start("troupe-layouts", () -> {
            fill(begun.await(patience.toMillis(), TimeUnit.MILLISECONDS));
            return null;
        });
    }

    /** Says that who waited for the model has an answer. */
    public void begin() {
        begun.countDown();
    }

    private void fill(boolean answered) {
        long start = System.nanoTime();
        try {
            for (Work next : work) {
                for (int piece = 0; piece < next.layout.pieces(); piece++) {
                    if (stopped) {
                        return;
                    }
                    next.layout.fill(piece);
                }
                next.filled.run();
            }
        } catch (RuntimeException | InternalError e) { // a page that cannot be read; answers are slower without
            LOG.error("weights of {} are read from its file from now on", path, e);
            return;
        }
        long millis = (System.nanoTime() - start) / 1_000_000;
        LOG.info(
                "the weights of {} were laid out in {} ms, {}",
                path,
                millis,
                answered ? "after a first answer" : "before anybody asked");
    }

    /** Waits for the end of a piece, and fills no more. Before the memory of the layouts is freed. */
    @Override
    public synchronized void close() {
        stopped = true;
        begun.countDown();
        if (filling != null) {
            filling.result();
        }
    }
}
