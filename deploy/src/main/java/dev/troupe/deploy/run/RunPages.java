package dev.troupe.deploy.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingSummary;
import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunCurve;
import dev.troupe.actors.training.run.RunUtilization;
import dev.troupe.actors.training.run.SpeedRecorder.Sample;
import dev.troupe.model.TroupeException;
import dev.troupe.model.data.CorpusReport;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.eval.LossSample;
import dev.troupe.model.format.CheckpointStore;
import dev.troupe.model.report.MemoryChart;
import dev.troupe.model.report.RunReport;
import dev.troupe.model.report.StepChart;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A run's report.html for people, and report.json with the same for programs. */
final class RunPages {
    /** Recoveries that the page has a row for; report.json has all of them. */
    private static final int MOST_RECOVERIES = 20;

    private RunPages() {}

    /** Writes both; {@code evaluation} is null for a run whose model was not evaluated after it. */
    static void write(
            RunDirectory run,
            Corpus corpus,
            TrainingConfig config,
            TrainingSummary summary,
            RunCurve.View view,
            @Nullable RunEvaluation evaluation) {
        LossCurve curve = curve(summary, view);
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("summary", summary);
        json.put("curve", curve);
        json.put("evaluations", view.evaluations());
        json.put("shadow", view.shadow());
        json.put("speed", view.speed());
        json.put("nodes", view.nodes());
        json.put("reshapes", view.reshapes());
        json.put("restarts", view.restarts());
        json.put("rollbacks", view.rollbacks());
        json.put("recoveries", view.recoveries());
        json.put("evaluation", evaluation);
        try {
            new ObjectMapper()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .writeValue(run.reportJson().toFile(), json);
        } catch (IOException e) {
            throw new TroupeException("cannot write " + run.reportJson() + ": " + e + "; is the disk full?", e);
        }
        RunReport page = new RunReport(
                "Run " + run.root().getFileName(),
                config.model().architecture() + " on " + corpus.source(),
                curve,
                shadow(view),
                evaluation == null ? null : evaluation.model(),
                evaluation == null ? null : evaluation.unigram(),
                evaluation == null ? List.of() : evaluation.samples(),
                speed(view),
                view.nodes().stream().map(RunPages::memory).toList(),
                List.of(
                        new RunReport.Facts("Training", training(config, summary, view)),
                        new RunReport.Facts("Machines", machines(summary.utilization(), view)),
                        new RunReport.Facts("Evaluation", evaluations(config, summary, view)),
                        new RunReport.Facts("Model", model(config, evaluation)),
                        new RunReport.Facts("Corpus", data(corpus))));
        RunEvaluation.writeFile(run.report(), page.toHtml());
    }

    /** The steps of the last checkpoint, and all held-out losses: some are known later than it. */
    static LossCurve curve(TrainingSummary summary, RunCurve.View view) {
        LossCurve saved =
                CheckpointStore.readState(Path.of(summary.checkpoint())).losses();
        return new LossCurve(
                saved.stepsPerSample(), saved.training(), view.losses().validation());
    }

    /** The shadow's losses as a chart has them. */
    static List<LossSample> shadow(RunCurve.View view) {
        return view.shadow().stream()
                .map(line -> new LossSample(line.step(), 0, line.valLoss(), 1))
                .toList();
    }

    private static List<StepChart.Series> speed(RunCurve.View view) {
        List<StepChart.Series> charts = new ArrayList<>();
        charts.add(series("speed", "Tokens a second", "tokens/s", StepChart.Unit.COUNT, view, Sample::tokensPerSecond));
        charts.add(series(
                "mfu",
                "Share of the float32 peak (MFU)",
                "of the peak",
                StepChart.Unit.SHARE,
                view,
                Sample::modelFlopsUtilization));
        if (view.speed().stream().anyMatch(sample -> sample.communicationShare() > 0)) {
            charts.add(series(
                    "waiting",
                    "Waiting for other ranks",
                    "of the time",
                    StepChart.Unit.SHARE,
                    view,
                    Sample::communicationShare));
        }
        return charts;
    }

    private static StepChart.Series series(
            String id,
            String title,
            String name,
            StepChart.Unit unit,
            RunCurve.View view,
            Function<Sample, @Nullable Double> value) {
        List<StepChart.Point> points = new ArrayList<>();
        for (Sample sample : view.speed()) {
            Double measured = value.apply(sample);
            if (measured != null) {
                points.add(new StepChart.Point(sample.step(), measured));
            }
        }
        return new StepChart.Series(id, title, name, unit, points);
    }

    private static MemoryChart.Node memory(NodeResources node) {
        Map<String, Long> bytes = new LinkedHashMap<>();
        bytes.put("weights", node.memory().weights());
        bytes.put("gradients", node.memory().gradients());
        bytes.put("optimizer", node.memory().optimizer());
        bytes.put("windows", node.memory().windows());
        bytes.put("activations", node.memory().activations());
        bytes.put("copies", node.memory().copies());
        return new MemoryChart.Node(node.node(), bytes);
    }

    private static Map<String, String> evaluations(TrainingConfig config, TrainingSummary summary, RunCurve.View view) {
        Map<String, String> rows = new LinkedHashMap<>();
        rows.put("Steps evaluated", number(view.losses().validation().size()));
        String nodes = view.evaluations().stream()
                .flatMap(evaluation -> Stream.ofNullable(evaluation.node()))
                .distinct()
                .collect(Collectors.joining(", "));
        if (!nodes.isEmpty()) {
            MetricsLine.Evaluation last = view.evaluations().getLast();
            rows.put("Evaluated by", nodes);
            new TreeMap<>(last.scores())
                    .forEach((task, score) -> rows.put(
                            task + " after step " + number(last.step()), String.format(Locale.ROOT, "%.4f", score)));
        }
        List<String> unmeasured = config.eval().tasksOfNodes().stream()
                .filter(task -> view.evaluations().stream()
                        .noneMatch(evaluation -> evaluation.scores().containsKey(task)))
                .toList();
        if (!unmeasured.isEmpty()) {
            rows.put("Not measured", String.join(", ", unmeasured) + ": no evaluation node did (eval.tasks)");
        }
        if (!view.shadow().isEmpty()) {
            MetricsLine.Shadow shadow = view.shadow().getLast();
            rows.put(
                    "Shadow",
                    Path.of(shadow.path()).getFileName() + ", " + number(shadow.parameters()) + " parameters");
            rows.put("Shadow's loss", loss(shadow.valLoss()) + " on " + number(shadow.windows()) + " windows");
            Double validation = summary.valLoss();
            if (validation != null) {
                rows.put("The run is", EvaluationNotes.gap(validation, shadow.valLoss()));
            }
        }
        return rows;
    }

    private static Map<String, String> training(TrainingConfig config, TrainingSummary summary, RunCurve.View view) {
        Map<String, String> rows = new LinkedHashMap<>();
        rows.put("Steps", number(summary.steps()));
        rows.put("Tokens", number(summary.tokens()));
        rows.put("Tokens a second", number(Math.round(summary.tokensPerSecond())));
        rows.put("Time", String.format(Locale.ROOT, "%.0f s", summary.seconds()));
        rows.put("Training loss", loss(summary.trainLoss()));
        Double validation = summary.valLoss();
        if (validation != null) {
            rows.put("Validation loss", loss(validation));
        }
        rows.put("Seed", Long.toString(config.train().seed()));
        rows.put("Learning rate", Double.toString(config.optimizer().learningRate()));
        for (int i = 0; i < view.reshapes().size(); i++) {
            MetricsLine.Reshape reshape = view.reshapes().get(i);
            rows.put(
                    "Another mesh (" + (i + 1) + ")",
                    reshape.mesh() + " from step " + number(reshape.step()) + " on: " + reshape.cause());
        }
        for (int i = 0; i < view.restarts().size(); i++) {
            MetricsLine.Restart restart = view.restarts().get(i);
            rows.put(
                    "Damaged checkpoint (" + (i + 1) + ")",
                    "from step " + number(restart.fromStep()) + " back to " + number(restart.step()) + ": "
                            + restart.cause());
        }
        for (int i = 0; i < view.rollbacks().size(); i++) {
            MetricsLine.Rollback back = view.rollbacks().get(i);
            rows.put(
                    "Went back (" + (i + 1) + ")",
                    "from step " + number(back.fromStep()) + " to " + number(back.step()) + ", learning rates times "
                            + back.learningRateFactor() + " since: " + back.reason());
        }
        return rows;
    }

    private static Map<String, String> machines(RunUtilization utilization, RunCurve.View view) {
        Map<String, String> rows = new LinkedHashMap<>();
        Double peakShare = utilization.modelFlopsUtilization();
        rows.put("Share of the float32 peak (MFU)", peakShare == null ? "not measured" : percent(peakShare));
        if (utilization.communicationShare() > 0) {
            rows.put("Waiting for other ranks", percent(utilization.communicationShare()));
            rows.put("Pipeline bubble", percent(utilization.bubbleShare()));
            rows.put("Copies to other nodes", percent(utilization.copyShare()));
            rows.put("Recoveries", recoveries(utilization));
        }
        List<MetricsLine.Recovery> recoveries = view.recoveries();
        for (int i = Math.max(0, recoveries.size() - MOST_RECOVERIES); i < recoveries.size(); i++) {
            MetricsLine.Recovery recovery = recoveries.get(i);
            rows.put(
                    "Recovery (" + (i + 1) + ")",
                    "after step " + number(recovery.step()) + ", in "
                            + String.format(Locale.ROOT, "%.1f s: ", recovery.seconds())
                            + MeshNotes.cause(recovery.lost(), recovery.cause()));
        }
        if (utilization.placement() != null) {
            rows.put("Placement of ranks", utilization.placement());
        }
        utilization.nodes().forEach(node -> rows.put(node.node(), MeshNotes.seat(node)));
        return rows;
    }

    private static String recoveries(RunUtilization utilization) {
        return utilization.recoveries() == 0
                ? "none"
                : String.format(
                        Locale.ROOT,
                        "%d in %.1f s, the longest %.1f s",
                        utilization.recoveries(),
                        utilization.recoverySeconds(),
                        utilization.longestRecoverySeconds());
    }

    private static Map<String, String> model(TrainingConfig config, @Nullable RunEvaluation evaluation) {
        Map<String, String> rows = new LinkedHashMap<>();
        rows.put("Architecture", config.model().architecture());
        rows.put("Layers", number(config.model().numLayers()));
        rows.put("Width", number(config.model().dim()));
        rows.put(
                "Heads (of keys and values)",
                config.model().numHeads() + " (" + config.model().numKvHeads() + ")");
        rows.put("Context", number(config.model().contextLength()) + " tokens");
        if (evaluation != null) {
            rows.put("Version", evaluation.modelVersion());
        }
        return rows;
    }

    private static Map<String, String> data(Corpus corpus) {
        CorpusReport text = corpus.tokens().report();
        Map<String, String> rows = new LinkedHashMap<>();
        rows.put("Source", corpus.source());
        rows.put(
                "Documents",
                withHeldOut(text.train().documents(), text.heldOut().documents()));
        rows.put("Tokens", withHeldOut(text.train().tokens(), text.heldOut().tokens()));
        rows.put("Vocabulary", number(text.vocabSize()));
        rows.put("Bytes a token", String.format(Locale.ROOT, "%.2f", text.bytesPerToken()));
        return rows;
    }

    private static String withHeldOut(long train, long heldOut) {
        return number(train) + " + " + number(heldOut) + " held out";
    }

    private static String loss(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", share * 100);
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }
}
