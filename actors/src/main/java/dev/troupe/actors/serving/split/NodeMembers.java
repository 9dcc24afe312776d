package dev.troupe.actors.serving.split;

import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.actors.serving.engine.ServingMemory;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.parallel.CommunicationException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** The members of one epoch that are on this node. Used by the node's actor, which never waits here. */
final class NodeMembers {
    private final MemberJob job;
    private final List<Integer> numbers;
    private final DataPlane plane;
    private final List<MemberHost> hosts = new ArrayList<>();
    private boolean ended;

    NodeMembers(MemberJob job, List<Integer> numbers, DataPlane plane) {
        this.job = job;
        this.numbers = List.copyOf(numbers);
        this.plane = plane;
    }

    String epoch() {
        return job.epoch();
    }

    String leader() {
        return job.leader();
    }

    /**
     * Opens the model, joins the groups and lays the parts out.
     *
     * @param file the model on this node
     * @param threads that compute on this node
     * @param memory for weights and cache on this node
     * @param blocking threads that may wait
     * @return the version of the weights
     */
    CompletableFuture<String> build(Path file, ComputeThreads threads, ServingMemory memory, Executor blocking) {
        return CompletableFuture.supplyAsync(() -> ModelFiles.open(file), blocking)
                .thenCompose(model -> CompletableFuture.supplyAsync(() -> setup(model, memory), blocking)
                        .thenCompose(setup -> build(setup, model, threads, blocking))
                        .whenComplete((_, _) -> model.close()));
    }

    private MemberSetup setup(OpenModel model, ServingMemory memory) {
        MemberSetup setup = job.setup(model.config());
        setup.requireMemory(memory, numbers, model.weights()::type, job.kernelPrecision());
        return setup;
    }

    private CompletableFuture<String> build(
            MemberSetup setup, OpenModel model, ComputeThreads threads, Executor blocking) {
        List<CompletableFuture<?>> parts = new ArrayList<>();
        int own = Math.max(1, threads.count() / numbers.size());
        for (int number : numbers) {
            MemberHost host = new MemberHost(setup, number);
            add(host);
            parts.add(host.join(job.groups(plane)));
            parts.add(host.build(() -> compute(setup, model, threads.open(own)), model.weights()));
        }
        CompletableFuture<String> version = CompletableFuture.supplyAsync(model::version, blocking);
        parts.add(version);
        return CompletableFuture.allOf(parts.toArray(CompletableFuture<?>[]::new))
                .thenCompose(_ -> version);
    }

    private MemberHost.Compute compute(MemberSetup setup, OpenModel model, ComputePool pool) {
        Set<KernelUse> uses = setup.inference().uses(model.config(), model.weights()::type, job.kernelPrecision());
        try {
            return new MemberHost.Compute(
                    NodeKernels.create(job.backend(), job.kernelPrecision(), pool, uses), pool, pool::close);
        } catch (RuntimeException | Error e) {
            pool.close();
            throw e;
        }
    }

    private synchronized void add(MemberHost host) {
        if (ended) {
            host.close();
            throw new CommunicationException("the epoch ended before its members were built");
        }
        hosts.add(host);
    }

    /** Computes steps; done when the leader wants no more, fails as soon as a member is lost. */
    synchronized CompletableFuture<Void> serve() {
        CompletableFuture<Void> ending = new CompletableFuture<>();
        CompletableFuture<?>[] all = hosts.stream().map(MemberHost::serve).toArray(CompletableFuture<?>[]::new);
        for (CompletableFuture<?> one : all) {
            var _ = one.whenComplete((_, failure) -> {
                if (failure != null) {
                    ending.completeExceptionally(failure);
                }
            });
        }
        var _ = CompletableFuture.allOf(all).thenRun(() -> ending.complete(null));
        return ending;
    }

    /**
     * Ends them, whatever they do.
     *
     * @return when their memory is free
     */
    synchronized CompletableFuture<Void> end() {
        ended = true;
        hosts.forEach(MemberHost::abort);
        hosts.forEach(MemberHost::close);
        CompletableFuture<Void> freed =
                CompletableFuture.allOf(hosts.stream().map(MemberHost::freed).toArray(CompletableFuture<?>[]::new));
        hosts.clear();
        return freed;
    }
}
