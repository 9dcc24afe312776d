package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.ModelDescription;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** An engine with something around each step of another, which it owns. */
abstract class ForwardedEngine implements Engine {
    private final Engine engine;

    ForwardedEngine(Engine engine) {
        this.engine = engine;
    }

    /** The one that computes. */
    final Engine engine() {
        return engine;
    }

    @Override
    public final ModelDescription description() {
        return engine.description();
    }

    @Override
    public final int numKvBlocks() {
        return engine.numKvBlocks();
    }

    @Override
    public final Executor executor(Executor compute) {
        return engine.executor(compute);
    }

    @Override
    public final CompletableFuture<String> lost() {
        return engine.lost();
    }
}
