package dev.troupe.deploy.node;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.data.DataNode;
import dev.troupe.actors.training.eval.EvaluationNode;
import dev.troupe.actors.training.mesh.TrainerProtocol;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the actors of a node's roles are at. Asks them, so it is for threads that may wait. */
final class NodeWork {
    private final TroupeNode node;
    private volatile @Nullable ActorRef<TrainerProtocol.Command> trainer;
    private volatile @Nullable ActorRef<EvaluationNode.Command> evaluation;
    private volatile @Nullable ActorRef<DataNode.Command> data;

    NodeWork(TroupeNode node) {
        this.node = node;
    }

    /** The node has ranks of meshes from now on. */
    void trains(ActorRef<TrainerProtocol.Command> actor) {
        trainer = actor;
    }

    /** The node evaluates checkpoints from now on. */
    void evaluates(ActorRef<EvaluationNode.Command> actor) {
        evaluation = actor;
    }

    /** The node gives tokens of corpora from now on. */
    void givesTokens(ActorRef<DataNode.Command> actor) {
        data = actor;
    }

    /** What its ranks do; null without any. */
    TrainerProtocol.@Nullable Described training() {
        ActorRef<TrainerProtocol.Command> actor = trainer;
        return actor == null ? null : node.ask(actor, TrainerProtocol.Describe::new);
    }

    /** What it evaluates; null when it does not. */
    EvaluationNode.@Nullable Described evaluating() {
        ActorRef<EvaluationNode.Command> actor = evaluation;
        return actor == null ? null : node.ask(actor, EvaluationNode.Describe::new);
    }

    /** Of which corpora it gives tokens; null when it does not. */
    DataNode.@Nullable Reported tokens() {
        ActorRef<DataNode.Command> actor = data;
        return actor == null ? null : node.ask(actor, DataNode.Report::new);
    }

    /** Directory of the run that the node has a part in, or had last. */
    Optional<Path> runDirectory() {
        return Optional.ofNullable(training())
                .flatMap(training -> Optional.ofNullable(training.directory()))
                .or(() -> Optional.ofNullable(evaluating())
                        .flatMap(evaluating -> Optional.ofNullable(evaluating.directory())))
                .map(Path::of);
    }
}
