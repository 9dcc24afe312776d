package dev.troupe.actors.serving.replica;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.model.grammar.JsonGrammar;
import java.util.concurrent.CompletableFuture;

/** What a {@link ModelReplica} handles: commands from outside, and the results of its own background work. */
sealed interface ReplicaMessage {
    /** From a router. */
    record Received(Command command) implements ReplicaMessage {}

    /** Loading came to its end, good or bad. */
    record LoadEnded(CompletableFuture<Engine> attempt) implements ReplicaMessage {}

    /** A request had its last event. */
    record RequestEnded(ReplicaSession session, ActorRef<GenerationEvent> client) implements ReplicaMessage {}

    /** The engine can compute nothing more, and is to be loaded afresh. */
    record EngineLost(Engine engine, String reason) implements ReplicaMessage {}

    /** The schema of a request's answer is compiled. */
    record SchemaReady(ReplicaSession session, Submit submit, JsonGrammar grammar) implements ReplicaMessage {}

    /** The schema of a request's answer cannot be used. */
    record SchemaRefused(ReplicaSession session, Submit submit, Throwable cause) implements ReplicaMessage {}

    /** So many steps failed in a row that no more are taken. */
    record StepsFailed(ReplicaSession session, Throwable cause) implements ReplicaMessage {}
}
