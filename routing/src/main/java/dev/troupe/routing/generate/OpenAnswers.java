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

    /** The same stream, counted from its start to its end. */
    public <T> Source<T, NotUsed> counted(Source<T, NotUsed> stream) {
        return Source.lazySource(() -> {
                    count.incrementAndGet();
                    return stream.watchTermination((notUsed, done) -> {
                        done.whenComplete((ok, failure) -> count.decrementAndGet());
                        return notUsed;
                    });
                })
                .mapMaterializedValue(stage -> NotUsed.getInstance());
    }
}
