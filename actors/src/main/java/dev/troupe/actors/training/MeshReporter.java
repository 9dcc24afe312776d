package dev.troupe.actors.training;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.mesh.MeshEvent;
import dev.troupe.actors.training.run.Decision;
import dev.troupe.actors.training.run.RunJournal;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;

/** Tells everybody what happened to the mesh of a run: listener, decisions, log. */
record MeshReporter(String runId, ActorRef<TrainingEvent> listener, ActorRef<RunJournal.Command> journal, Logger log)
        implements Consumer<MeshEvent> {
    @Override
    public void accept(MeshEvent event) {
        switch (event) {
            case MeshEvent.Seated seated -> {
                log.info("{} nodes have the ranks: {}", seated.seating().nodes().size(), seated.placement());
                decided(new Decision.Seated(
                        seated.epoch(), seated.step(), seated.seating(), List.of(), "the run begins"));
            }
            case MeshEvent.Recovered recovered -> {
                log.warn(
                        "Went back to step {} in {} s; lost {}, because {}; {}",
                        recovered.step(),
                        recovered.seconds(),
                        recovered.lost(),
                        recovered.cause(),
                        recovered.placement());
                decided(new Decision.Seated(
                        recovered.epoch(), recovered.step(), recovered.seating(), recovered.lost(), recovered.cause()));
            }
            case MeshEvent.OtherMesh other ->
                log.warn("Run {} goes on with a mesh of {}: {}", runId, other.mesh(), other.cause());
            case MeshEvent.CheckpointDamaged damaged ->
                log.error("Run {} goes on from an earlier checkpoint: {}", runId, damaged.message());
            case MeshEvent.NodeFailed failed -> {
                String node = failed.failure().node();
                log.warn("Node {} has failed, lately {} times: {}", node, failed.failures(), failed.cause());
                decided(new Decision.NodeFailed(failed.failure()));
                if (failed.isExcluded()) {
                    log.error(
                            "Node {} gets no ranks of run {} any more (mesh.excludeAfterFailures): start it with another"
                                    + " troupe.node.identity when it is mended",
                            node,
                            runId);
                    listener.tell(new TrainingEvent.NodeExcluded(runId, node, failed.failures()));
                }
            }
        }
    }

    private void decided(Decision decision) {
        journal.tell(new RunJournal.Decide(decision));
    }
}
