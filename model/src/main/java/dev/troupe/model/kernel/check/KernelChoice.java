package dev.troupe.model.kernel.check;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.check.Comparison.Subject;
import dev.troupe.model.kernel.parallel.ComputePool;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Which implementation of an operation a process uses: the first that runs here and agrees with the reference. One that
 * does not agree is named in the log with its differences, and the next one takes its place, slower and as exact; when
 * none is left the operation is refused. Each is compared once in a process with so many threads.
 */
public final class KernelChoice<K> {
    private static final Logger LOG = LoggerFactory.getLogger(KernelChoice.class);
    private static final long SEED = 20261126;

    /**
     * An implementation.
     *
     * @param name for messages and metrics
     * @param unavailable why it does not run here; empty when it does
     */
    public record Candidate<K>(String name, Supplier<Optional<String>> unavailable, Function<ComputePool, K> maker) {
        /** One that runs everywhere. */
        public Candidate(String name, Function<ComputePool, K> maker) {
            this(name, Optional::empty, maker);
        }
    }

    private final Function<ComputePool, OperationContract<K>> contracts;
    private final K reference;
    private final List<Candidate<K>> candidates;
    private final String remedy;
    private final Map<Integer, Candidate<K>> chosen = new ConcurrentHashMap<>(); // by threads

    /**
     * A choice that nobody has made yet.
     *
     * @param contracts makes the contract that all must keep, for a pool that lays inputs out
     * @param candidates fastest first
     * @param remedy what a user can do when none is left
     */
    KernelChoice(
            Function<ComputePool, OperationContract<K>> contracts,
            K reference,
            List<Candidate<K>> candidates,
            String remedy) {
        this.contracts = contracts;
        this.reference = reference;
        this.candidates = List.copyOf(candidates);
        this.remedy = remedy;
    }

    /** All, whether they run here or not. */
    public List<Candidate<K>> candidates() {
        return candidates;
    }

    /** What all of them must keep. */
    public OperationContract<K> contract(ComputePool pool) {
        return contracts.apply(pool);
    }

    /**
     * One of the chosen implementation.
     *
     * @param pool that it will work on
     * @param made hears of the checks that were made now, passed or not
     * @throws TroupeException when none runs here, or all that do differ: the message says by how much
     */
    public K create(ComputePool pool, Consumer<SelfCheck> made) {
        return choose(pool, made).maker().apply(pool);
    }

    /** Makes the choice where it was not made yet; as {@link #create}. */
    Candidate<K> choose(ComputePool pool, Consumer<SelfCheck> made) {
        return chosen.computeIfAbsent(pool.threads(), threads -> first(pool, made));
    }

    private Candidate<K> first(ComputePool pool, Consumer<SelfCheck> made) {
        List<String> reasons = new ArrayList<>();
        boolean differed = false;
        for (Candidate<K> candidate : candidates) {
            Optional<String> unavailable = candidate.unavailable().get();
            if (unavailable.isPresent()) {
                reasons.add(candidate.name() + ": " + unavailable.get());
                continue;
            }
            SelfCheck check = check(candidate, pool);
            made.accept(check);
            if (check.differences().isEmpty()) {
                LOG.info(check.summary());
                if (!reasons.isEmpty()) {
                    Level level = differed ? Level.WARN : Level.INFO;
                    LOG.atLevel(level)
                            .log("{} is used, which is slower than {}", candidate.name(), String.join("; ", reasons));
                }
                return candidate;
            }
            differed = true;
            reasons.add(check.problem());
        }
        throw new TroupeException(String.join("\n", reasons) + "\n" + remedy + ".");
    }

    private SelfCheck check(Candidate<K> candidate, ComputePool pool) {
        K kernel = candidate.maker().apply(pool);
        try {
            Subject<K> subject = new Subject<>(candidate.name(), kernel);
            return KernelSelfCheck.run(
                    candidate.name(),
                    pool.threads(),
                    remedy,
                    found -> comparison(Map.of(subject, found)),
                    List.of(contract(pool)));
        } finally {
            close(kernel);
        }
    }

    /** Of implementations with the reference. */
    Comparison<K> comparison(Map<Subject<K>, Consumer<KernelDifference>> subjects) {
        return new Comparison<>(subjects, new Subject<>("scalar", reference), Precision.FP32, SEED, Set.of());
    }

    /** Frees what an implementation has beside memory of tensors. */
    static void close(Object kernel) {
        if (kernel instanceof AutoCloseable closeable) {
            try {
                closeable.close();
            } catch (Exception e) {
                throw new IllegalStateException("kernels could not be closed", e);
            }
        }
    }
}
