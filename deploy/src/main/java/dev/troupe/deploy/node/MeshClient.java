package dev.troupe.deploy.node;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.mesh.MeshRunner;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.model.mesh.StepOrder;
import java.time.Duration;

/** Steps of a mesh, for a command's thread. Closing it ends the run on all nodes. */
public final class MeshClient implements AutoCloseable {
    private final TroupeNode node;
    private final ActorRef<MeshRunner.Command> runner;
    private final int microBatches;

    MeshClient(TroupeNode node, ActorRef<MeshRunner.Command> runner, int microBatches) {
        this.node = node;
        this.runner = runner;
        this.microBatches = microBatches;
    }

    /**
     * Takes the next step.
     *
     * @param step from 0
     * @param timeout of everything, waiting for nodes included
     */
    public StepRunner.StepResult step(long step, double learningRate, Duration timeout) {
        return node.step(runner, step, StepOrder.regular(step, microBatches, learningRate), timeout);
    }

    @Override
    public void close() {
        node.stopMesh(runner);
    }
}
