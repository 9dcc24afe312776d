package dev.troupe.actors.training;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import dev.troupe.actors.training.TrainingCoordinator.Environment;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.data.DataFeeder;
import dev.troupe.actors.training.eval.EvaluationJob;
import dev.troupe.actors.training.eval.EvaluationScheduler;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.mesh.MeshCheckpoints;
import dev.troupe.actors.training.mesh.MeshEvent;
import dev.troupe.actors.training.mesh.MeshRunner;
import dev.troupe.actors.training.mesh.MeshWork;
import dev.troupe.actors.training.optim.OptimizerShard;
import dev.troupe.actors.training.run.LocalParts;
import dev.troupe.actors.training.run.MeshParts;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunAssembly;
import dev.troupe.actors.training.stage.PipelineStage;
import dev.troupe.actors.training.step.StepRunner;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Who takes a run's steps, saves it and evaluates it: actors of this process, or those in front of a mesh.
 *
 * @param evaluator of the weights as they are
 * @param scheduler of the evaluations of checkpoints
 * @param haveOwnDeadlines whether they wait for what they wait for as long as it may take, and fail by themselves after
 */
record RunWorkers(
        ActorRef<StepRunner.RunStep> runner,
        ActorRef<CheckpointWriter.Save> writer,
        ActorRef<Evaluator.Evaluate> evaluator,
        ActorRef<EvaluationScheduler.Command> scheduler,
        boolean haveOwnDeadlines) {

    /** Whether steps wait for evaluations to end anyway. */
    boolean evaluateBetweenSteps() {
        return haveOwnDeadlines;
    }

    /** Starts a child whose failure the run hears of. */
    interface Spawner {
        <T> ActorRef<T> spawn(Behavior<T> behavior, String name, Props props);

        default <T> ActorRef<T> spawn(Behavior<T> behavior, String name) {
            return spawn(behavior, name, TrainingCoordinator.dispatcher());
        }
    }

    /**
     * Starts them.
     *
     * @param events hears what happens to a mesh, on an actor's thread
     */
    static RunWorkers start(
            ActorContext<?> context,
            Spawner children,
            RunAssembly run,
            TrainingSetup setup,
            Environment environment,
            Consumer<MeshEvent> events) {
        long firstMicroBatch = run.planner().position().microBatch();
        return switch (run.parts()) {
            case LocalParts local -> local(children, run, local, setup, environment, firstMicroBatch);
            case MeshParts mesh -> mesh(context, children, run, mesh, setup, events);
        };
    }

    private static RunWorkers local(
            Spawner children,
            RunAssembly run,
            LocalParts local,
            TrainingSetup setup,
            Environment environment,
            long firstMicroBatch) {
        TrainingConfig config = setup.config();
        StepRunner.Parts parts = new StepRunner.Parts(
                children.spawn(DataFeeder.create(local.feeder(), run.memory(), firstMicroBatch), "data-feeder"),
                children.spawn(
                        PipelineStage.create(local.stage(), local.gradients(), local.kernels(), run.memory()),
                        "pipeline-stage-0"),
                children.spawn(
                        OptimizerShard.create(local.optimizer()), "optimizer-shard-0", OptimizerShard.dispatcher()),
                config.train().seed(),
                Duration.ofSeconds(config.train().stepTimeoutSeconds()));
        ActorRef<Evaluator.Evaluate> evaluator = children.spawn(
                        Evaluator.create(local.evaluator(), run.memory()), "evaluator")
                .narrow();
        return new RunWorkers(
                children.spawn(StepRunner.create(parts), "step-runner").narrow(),
                children.spawn(
                                CheckpointWriter.create(
                                        local.writer(), environment.sink().apply(local.checkpoints()), run.memory()),
                                "checkpoint-writer")
                        .narrow(),
                evaluator,
                scheduler(children, run, setup, evaluator),
                false);
    }

    private static RunWorkers mesh(
            ActorContext<?> context,
            Spawner children,
            RunAssembly run,
            MeshParts mesh,
            TrainingSetup setup,
            Consumer<MeshEvent> events) {
        MeshCheckpoints checkpoints = MeshCheckpoints.of(
                mesh.checkpoints(),
                mesh.settings(),
                mesh.tokenizer(),
                run,
                context.getSystem().dispatchers().lookup(DispatcherSelector.blocking()));
        ActorRef<MeshRunner.Command> runner =
                children.spawn(MeshRunner.create(mesh.job(), mesh.start(), checkpoints, events), "mesh-runner");
        ActorRef<Evaluator.Evaluate> evaluator = children.spawn(inFrontOf(runner, MeshWork.Evaluate::new), "evaluator");
        return new RunWorkers(
                children.spawn(inFrontOf(runner, MeshWork.Run::new), "step-runner"),
                children.spawn(inFrontOf(runner, MeshWork.Save::new), "checkpoint-writer"),
                evaluator,
                scheduler(children, run, setup, evaluator),
                true);
    }

    private static ActorRef<EvaluationScheduler.Command> scheduler(
            Spawner children, RunAssembly run, TrainingSetup setup, ActorRef<Evaluator.Evaluate> evaluator) {
        TrainingConfig config = setup.config();
        MetricsLine.Shadow shadow = run.backlog().shadow();
        return children.spawn(
                EvaluationScheduler.create(new EvaluationScheduler.Settings(
                        EvaluationJob.of(setup, run.windows().corpus()),
                        run.position().step(),
                        config.eval().windows(),
                        config.checkpoint().keep(),
                        run.backlog().checkpoints().stream()
                                .map(line -> new EvaluationScheduler.CheckpointWritten(line.step(), line.path()))
                                .toList(),
                        run.anew() != null ? List.of() : config.eval().tasksOfNodes(), // said once
                        config.eval().shadow().orElse(null),
                        shadow == null ? null : shadow.path(),
                        evaluator)),
                "evaluation-scheduler");
    }

    private static <T> Behavior<T> inFrontOf(
            ActorRef<MeshRunner.Command> runner, Function<T, MeshRunner.Command> order) {
        return Behaviors.receiveMessage(message -> {
            runner.tell(order.apply(message));
            return Behaviors.same();
        });
    }
}
