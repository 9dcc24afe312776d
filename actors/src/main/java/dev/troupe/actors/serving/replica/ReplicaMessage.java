package dev.troupe.actors.serving.replica;

import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.model.grammar.JsonGrammar;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** What a {@link ModelReplica} handles: commands from outside, and the results of its own background work. */
sealed interface ReplicaMessage {
    /** From a router. */
    record Received(Command command) implements ReplicaMessage {}

    /** Loading came to its end, good or bad. */
    record LoadEnded(CompletableFuture<Engine> attempt) implements ReplicaMessage {}

    /** A batch is computed. */
    record StepEnded(ScheduledBatch batch, List<List<SampledToken>> samples) implements ReplicaMessage {}

    /** The engine can compute nothing more, and is to be loaded afresh. */
    record EngineLost(Engine engine, String reason) implements ReplicaMessage {}

    /** The schema of a request's answer is compiled. */
    record SchemaReady(Submit submit, JsonGrammar grammar) implements ReplicaMessage {}

    /** The schema of a request's answer cannot be used. */
    record SchemaRefused(Submit submit, Throwable cause) implements ReplicaMessage {}

    /** Computing a batch threw. */
    record StepFailed(ScheduledBatch batch, Throwable cause) implements ReplicaMessage {}
}
