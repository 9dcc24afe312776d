package dev.troupe.actors.serving.split;

import dev.troupe.actors.serving.engine.BatchRows;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.parallel.OpenGroups;
import dev.troupe.model.parallel.PeerThread;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.ModelPart;
import dev.troupe.model.transformer.StoredWeights;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One member in this process: its thread, its groups and its part of the model. Everything but {@link #close} happens
 * on the member's thread.
 */
final class MemberHost implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MemberHost.class);

    private final MemberSetup setup;
    private final int member;
    private final PeerThread thread;
    private final Deque<AutoCloseable> resources = new ArrayDeque<>(); // closed in reverse, on the thread
    private final OpenGroups open;
    private final CompletableFuture<Void> freed = new CompletableFuture<>();
    private @Nullable MemberGroups groups;
    private @Nullable StepPlans plans;
    private @Nullable InferenceModel model;

    MemberHost(MemberSetup setup, int member) {
        this.setup = setup;
        this.member = member;
        this.thread = new PeerThread("troupe-member-" + member);
        this.open = new OpenGroups("member " + member);
    }

    /**
     * Kernels, and what they run on.
     *
     * @param free run when the member has ended
     */
    record Compute(Kernels kernels, ComputePool pool, Runnable free) {}

    /** Joins the groups. */
    CompletableFuture<MemberGroups> join(GroupOpener opener) {
        return thread.run(() -> {
            MemberGroups joined = MemberGroups.open(setup.shape(), member, opener, setup.patience(), open);
            groups = joined;
            plans = own(new StepPlans(joined.plans()));
            return joined;
        });
    }

    /**
     * Lays out the member's part, after {@link #join}.
     *
     * @param weights of the whole model, open until the result is there
     */
    CompletableFuture<ModelPart> build(Supplier<Compute> compute, StoredWeights weights) {
        return thread.run(() -> {
            Compute with = compute.get();
            own(with.free()::run);
            ModelPart part = setup.shape().part(setup.config(), member);
            model = own(InferenceModel.create(
                    part,
                    required(groups).links(),
                    layer -> weights,
                    with.kernels(),
                    setup.inference().options(with.kernels(), with.pool()),
                    setup.numKvBlocks(),
                    setup.maxRows()));
            LOG.info("member {} of {} holds {}", member, setup.shape().numMembers(), part);
            return part;
        });
    }

    /** Computes its part of each step that the leader tells, until there is no more; fails when a member is lost. */
    CompletableFuture<Void> serve() {
        return thread.run(() -> {
            StepPlans source = required(plans);
            InferenceModel part = required(model);
            try {
                for (Optional<BatchRows> rows = source.receive(); rows.isPresent(); rows = source.receive()) {
                    rows.get().through(part);
                }
                return null;
            } finally {
                open.leave(); // so that nobody waits for this member
            }
        });
    }

    /** As the leader: has all members compute a step. On the member's thread. */
    InferenceModel.Output lead(BatchRows rows) {
        required(plans).send(rows);
        return rows.through(required(model));
    }

    /** As the leader: tells the others, when there is nothing more to do, that they may end. */
    void dismiss() {
        var _ = thread.start(() -> required(plans).sendEnd());
    }

    /** The member's thread. */
    Executor thread() {
        return task -> {
            var _ = thread.start(task);
        };
    }

    /** When memory and threads are free, after {@link #close}. */
    CompletableFuture<Void> freed() {
        return freed;
    }

    /** Ends calls that wait for other members: they fail at once. */
    void abort() {
        open.leave();
        thread.interrupt(); // it may be joining a group
    }

    /** Frees all when what was started has ended; does not wait for that. */
    @Override
    public void close() {
        var _ = thread.start(() -> {
            try {
                open.leave();
            } finally {
                while (!resources.isEmpty()) {
                    free(resources.pop());
                }
                freed.complete(null);
            }
        });
        Thread.ofVirtual().start(thread::close);
    }

    // Whatever it throws: what is left must be freed all the same, and whoever builds next waits for that.
    private void free(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Throwable e) {
            LOG.error("a part of member {} could not be freed", member, e);
        }
    }

    private <T extends AutoCloseable> T own(T resource) {
        resources.push(resource);
        return resource;
    }

    private static <T> T required(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("the member is not built");
        }
        return part;
    }
}
