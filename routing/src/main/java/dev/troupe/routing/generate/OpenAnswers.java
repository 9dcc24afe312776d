package dev.troupe.routing.generate;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the streams that clients still read: the router is done with an answer before its last bytes are out. */
public final class OpenAnswers {
    private final AtomicInteger count = new AtomicInteger();

    /** Streams open now. */
    public int count() {
        return count.get();
    }

    /** One more; who calls it calls {@link #closed} as well. */
    public void opened() {
        count.incrementAndGet();
    }

    /** One less. */
    public void closed() {
        count.decrementAndGet();
    }

    /** The same stream, counted from its start to its end. */
    public <T> Source<T, NotUsed> counted(Source<T, NotUsed> stream) {
        return Source.lazySource(() -> {
                    opened();
                    return stream.watchTermination((notUsed, done) -> {
                        done.whenComplete((ok, failure) -> closed());
                        return notUsed;
                    });
                })
                .mapMaterializedValue(stage -> NotUsed.getInstance());
    }
}
