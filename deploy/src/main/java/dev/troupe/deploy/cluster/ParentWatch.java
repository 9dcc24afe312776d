package dev.troupe.deploy.cluster;

import java.util.concurrent.CompletableFuture;

/** Ends a node that another process has started when that process ends, however it does. */
public final class ParentWatch {
    private ParentWatch() {}

    /** Begins to watch, in a process that has a parent. */
    public static void start() {
        Long parent = Long.getLong(ChildJvm.PARENT);
        if (parent == null) {
            return;
        }
        var _ = ProcessHandle.of(parent)
                .map(ProcessHandle::onExit)
                .orElseGet(() -> CompletableFuture.completedFuture(null)) // it has ended already
                .thenRun(() -> Runtime.getRuntime().halt(1));
    }
}
