package dev.troupe.deploy.node;

import dev.troupe.actors.training.run.MetricsFile;
import dev.troupe.actors.training.run.RunCurve;
import dev.troupe.actors.training.run.RunCurveFile;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The curve of the run that a node has a part in, whichever that is at the time, for {@link MetricsEndpoint#serve}. */
public final class RunCurves implements Supplier<RunCurves.Answer> {
    private final Supplier<Optional<Path>> directory;
    private @Nullable Path open;
    private @Nullable RunCurveFile file;

    /**
     * A run's curve.
     *
     * @param run name of its directory; null before there is a run
     */
    public record Answer(@Nullable String run, RunCurve.@Nullable View curve) {}

    /** @param directory of the run; empty for none */
    public RunCurves(Supplier<Optional<Path>> directory) {
        this.directory = directory;
    }

    @Override
    public synchronized Answer get() {
        Path run = directory.get().orElse(null);
        if (run == null) {
            return new Answer(null, null);
        }
        RunCurveFile curve = file;
        if (curve == null || !run.equals(open)) {
            curve = new RunCurveFile(MetricsFile.in(run));
            file = curve;
            open = run;
        }
        return new Answer(String.valueOf(run.getFileName()), curve.read());
    }
}
