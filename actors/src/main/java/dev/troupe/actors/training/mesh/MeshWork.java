package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.step.StepRunner;

/** What a {@link MeshRunner} does with the state after so many steps, in the order it is told. */
public sealed interface MeshWork extends MeshRunner.Command {
    /** How many. */
    long step();

    /** Takes a step; the next one only after its answer. */
    record Run(StepRunner.RunStep order) implements MeshWork {
        @Override
        public long step() {
            return order.step();
        }
    }

    /** Has every rank write its state; the next one only after its answer. */
    record Save(CheckpointWriter.Save order) implements MeshWork {
        @Override
        public long step() {
            return order.state().step();
        }
    }

    /** Evaluates; steps wait for the end of it, so pauses make no sense. */
    record Evaluate(Evaluator.Evaluate order) implements MeshWork {
        @Override
        public long step() {
            return order.step();
        }
    }
}
