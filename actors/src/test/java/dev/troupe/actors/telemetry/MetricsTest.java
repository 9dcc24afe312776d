package dev.troupe.actors.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import kamon.Kamon;
import kamon.tag.Tag;
import kamon.tag.TagSet;
import org.junit.jupiter.api.Test;

class MetricsTest {
    @Test
    void namesAndLabelsAreTheOnesThatDashboardsRelyOn() {
        Metrics.training("run").step(64, 2.5, 1e-3, 0.5, 1000);
        Metrics.training("run").part(TrainingMetrics.Part.FORWARD_BACKWARD, 0.25);
        Metrics.serving("tiny").requests(0, 0);
        Metrics.requestEnded("tiny", "/v1/completions", "200", Duration.ofMillis(5));
        Metrics.queueLength("router").update(3);

        Set<String> published = new TreeSet<>();
        Kamon.status().metricRegistry().metrics().foreach(metric -> {
            metric.instruments().foreach(instrument -> published.add(metric.name() + labels(instrument.tags())));
            return null;
        });
        assertThat(published)
                .contains(
                        "troupe.training.steps{run=run}",
                        "troupe.training.loss{run=run}",
                        "troupe.training.step{part=forward-backward,run=run}",
                        "troupe.serving.requests{endpoint=/v1/completions,model=tiny,status=200}",
                        "troupe.serving.first.token{model=tiny}",
                        "troupe.queue.length{queue=router}")
                .doesNotContain("troupe.serving.requests{model=tiny}", "troupe.training.step{run=run}");
    }

    /** In order of key. */
    private static String labels(TagSet tags) {
        Set<String> labels = new TreeSet<>();
        tags.iterator().foreach(tag -> labels.add(tag.key() + "=" + Tag.unwrapValue(tag)));
        return "{" + String.join(",", labels) + "}";
    }
}
