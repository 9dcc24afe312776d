package dev.troupe.actors.training;

import dev.troupe.actors.training.run.MetricsFile;
import dev.troupe.actors.training.run.MetricsLine;
import java.nio.file.Path;
import java.util.List;

/**
 * What runs leave behind.
 *
 * @param root folder of their folders
 */
public record RunFiles(Path root) {
    /** Lines of a kind in a run's metrics. */
    public <T extends MetricsLine> List<T> lines(String run, Class<T> kind) {
        return MetricsFile.read(MetricsFile.in(root.resolve(run))).stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList();
    }

    /** Losses of a run's steps. */
    public List<Double> losses(String run) {
        return lines(run, MetricsLine.Step.class).stream()
                .map(MetricsLine.Step::loss)
                .toList();
    }
}
