package dev.troupe.deploy.cli;

import dev.troupe.model.plan.PlanArguments;
import dev.troupe.model.plan.TrainingJob;
import dev.troupe.model.plan.Units;
import dev.troupe.model.plan.failure.FailureModel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How often devices fail, and what that costs. */
final class PlanFailureOptions {
    @Option(
            names = "--mtbf-hours",
            paramLabel = "H",
            defaultValue = "50000",
            description = "mean time between failures of one device (default: ${DEFAULT-VALUE}, about Llama 3's)")
    private double mtbfHours;

    @Option(
            names = "--checkpoint-bandwidth",
            paramLabel = "BYTES",
            defaultValue = "100e9",
            description =
                    "bytes a second that all devices together write a checkpoint with (default: ${DEFAULT-VALUE})")
    private double checkpointBandwidth;

    @Option(
            names = "--restart-seconds",
            paramLabel = "S",
            defaultValue = "300",
            description = "from a failure until training goes on (default: ${DEFAULT-VALUE})")
    private double restartSeconds;

    @Option(
            names = "--checkpoint-minutes",
            paramLabel = "M",
            description = "of work between checkpoints; default: Daly's interval, which loses least")
    private @Nullable Double checkpointMinutes;

    static double checkpointBytes(TrainingJob job) {
        return job.shape().parameters() * job.precision().checkpointBytes();
    }

    FailureModel model(TrainingJob job, int devices) {
        double bandwidth = PlanArguments.positive("checkpoint-bandwidth", checkpointBandwidth);
        return FailureModel.of(devices, mtbfHours, checkpointBytes(job) / bandwidth, restartSeconds);
    }

    /** Of work between checkpoints. */
    double intervalSeconds(FailureModel model) {
        return checkpointMinutes == null
                ? model.dalySeconds()
                : Units.SECONDS_PER_MINUTE * PlanArguments.positive("checkpoint-minutes", checkpointMinutes);
    }
}
