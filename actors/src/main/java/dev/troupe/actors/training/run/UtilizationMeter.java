package dev.troupe.actors.training.run;

import dev.troupe.actors.training.mesh.MeshEvent;
import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.actors.training.step.StepRunner.StepTimes;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.transformer.TrainingFlops;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Adds up what a run's steps and recoveries take. Not thread-safe. */
public final class UtilizationMeter {
    private final double flopsPerToken;
    private List<NodeResources> nodes;
    private double peakGflops; // the latest that is known
    private double seconds;
    private double communication;
    private double bubble;
    private double copies;
    private int recoveries;
    private double recoverySeconds;
    private double longestRecovery;
    private @Nullable String placement;

    /**
     * A meter.
     *
     * @param nodes that the run begins on; none when that is not known yet
     */
    public UtilizationMeter(ModelConfig model, List<NodeResources> nodes) {
        this.flopsPerToken = TrainingFlops.perToken(model);
        this.nodes = List.copyOf(nodes);
        this.peakGflops = NodeResources.peakGflops(nodes, 0);
    }

    /** A run goes on: what its metrics have of it until here. */
    void recall(List<MetricsLine> lines) {
        for (MetricsLine line : lines) {
            switch (line) {
                case MetricsLine.Step step ->
                    add(step.seconds(), step.communicationSeconds(), step.bubbleSeconds(), step.copySeconds());
                case MetricsLine.Seating seating -> seated(seating.nodes());
                case MetricsLine.Recovery recovery -> recovered(recovery.nodes(), recovery.seconds());
                default -> {
                    // says nothing of what it takes
                }
            }
        }
    }

    /** A step was taken. */
    public void step(double stepSeconds, StepTimes times) {
        add(stepSeconds, times.communication(), times.bubble(), times.copies());
    }

    private void add(double stepSeconds, double waiting, double inBubble, double copying) {
        seconds += stepSeconds;
        communication += waiting;
        bubble += inBubble;
        copies += copying;
    }

    /** Something happened to the mesh. */
    public void seated(MeshEvent event) {
        switch (event) {
            case MeshEvent.Seated seated -> {
                seated(seated.nodes());
                placement = seated.placement();
            }
            case MeshEvent.Recovered recovered -> {
                recovered(recovered.nodes(), recovered.seconds());
                placement = recovered.placement();
            }
            case MeshEvent.NodeFailed _, MeshEvent.OtherMesh _, MeshEvent.CheckpointDamaged _ -> {
                // says nothing about who has ranks
            }
        }
    }

    private void seated(List<NodeResources> seated) {
        nodes = seated;
        peakGflops = NodeResources.peakGflops(nodes, peakGflops);
    }

    private void recovered(List<NodeResources> seated, double inSeconds) {
        seated(seated);
        recoveries++;
        recoverySeconds += inSeconds;
        longestRecovery = Math.max(longestRecovery, inSeconds);
    }

    /** What it came to, at so many tokens a second. */
    public RunUtilization result(double tokensPerSecond) {
        return new RunUtilization(
                peakGflops == 0 ? null : tokensPerSecond * flopsPerToken / (peakGflops * 1e9),
                share(communication),
                share(bubble),
                share(copies),
                recoveries,
                recoverySeconds,
                longestRecovery,
                placement,
                nodes);
    }

    private double share(double part) {
        return seconds == 0 ? 0 : part / seconds;
    }
}
