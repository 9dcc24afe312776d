package dev.troupe.actors.training.run;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What of a run's evaluations its metrics do not have, for whoever goes on with it.
 *
 * @param checkpoints that were not evaluated, oldest first, no more than stay on disk
 * @param shadow the latest that is recorded; null for none
 */
public record EvaluationBacklog(List<MetricsLine.Checkpoint> checkpoints, MetricsLine.@Nullable Shadow shadow) {
    public EvaluationBacklog {
        checkpoints = List.copyOf(checkpoints);
    }

    static EvaluationBacklog of(List<MetricsLine> lines, int keep) {
        Set<Long> evaluated = new HashSet<>();
        MetricsLine.Shadow shadow = null;
        for (MetricsLine line : lines) {
            if (line instanceof MetricsLine.Evaluation) {
                evaluated.add(line.step());
            } else if (line instanceof MetricsLine.Shadow latest) {
                shadow = latest;
            }
        }
        List<MetricsLine.Checkpoint> written = lines.stream()
                .filter(MetricsLine.Checkpoint.class::isInstance)
                .map(MetricsLine.Checkpoint.class::cast)
                .toList();
        List<MetricsLine.Checkpoint> kept = written.subList(Math.max(0, written.size() - keep), written.size());
        return new EvaluationBacklog(
                kept.stream().filter(line -> !evaluated.contains(line.step())).toList(), shadow);
    }
}
