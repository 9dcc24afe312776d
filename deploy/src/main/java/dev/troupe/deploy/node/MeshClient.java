package dev.troupe.deploy.node;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.mesh.MeshRunner;
import dev.troupe.actors.training.step.StepRunner;
import java.time.Duration;

/** Steps of a mesh, for a command's thread. Closing it ends the run on all nodes. */
public final class MeshClient implements AutoCloseable {
    private final TroupeNode node;
    private final ActorRef<MeshRunner.Command> runner;

    MeshClient(TroupeNode node, ActorRef<MeshRunner.Command> runner) {
        this.node = node;
        this.runner = runner;
    }

    /**
     * Takes the next step.
     *
     * @param step from 0
     * @param timeout of everything, waiting for nodes included
     */
    public StepRunner.StepResult step(long step, double learningRate, Duration timeout) {
        return node.step(runner, step, learningRate, timeout);
    }

    @Override
    public void close() {
        node.stopMesh(runner);
    }
}
