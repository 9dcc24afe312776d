package dev.troupe.deploy.cli;

import dev.troupe.model.ConfigNames;
import dev.troupe.model.plan.AxisTraffic;
import dev.troupe.model.plan.Candidate;
import dev.troupe.model.plan.ComputeOptimal;
import dev.troupe.model.plan.Layout;
import dev.troupe.model.plan.MemoryEstimate;
import dev.troupe.model.plan.ModelFlops;
import dev.troupe.model.plan.ModelShape;
import dev.troupe.model.plan.PipelineFormula;
import dev.troupe.model.plan.RunnerUp;
import dev.troupe.model.plan.StepEstimate;
import dev.troupe.model.plan.Units;
import dev.troupe.model.plan.ZeroStage;
import dev.troupe.model.plan.published.Comparison;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What {@code troupe plan --json} prints. */
final class PlanJson {
    private PlanJson() {}

    static Map<String, Object> of(PlanOutcome outcome) {
        Candidate best = outcome.best();
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("model", model(outcome.job().shape()));
        all.put("devices", outcome.cluster().devices());
        all.put("layout", layout(best.layout(), outcome.job().globalBatch()));
        all.put("memoryBytes", memory(best.memory()));
        all.put("usableBytes", outcome.cluster().usableBytes());
        all.put("memoryBytesByZeroStage", byZeroStage(outcome));
        all.put("step", step(best, outcome.job().globalBatch()));
        all.put("traffic", traffic(best.step()));
        all.put("training", training(outcome));
        all.put("failures", failures(outcome));
        all.put("meshes", meshes(outcome));
        if (outcome.step() != null && outcome.runs() != null) {
            Map<String, Object> simulated = new LinkedHashMap<>();
            simulated.put("stepSeconds", outcome.step().stepSeconds());
            simulated.put("pipelineSeconds", outcome.step().pipelineSeconds());
            simulated.put("idleShare", outcome.step().idleShare());
            simulated.put("seed", outcome.seed());
            simulated.put("runs", outcome.runs());
            all.put("simulated", simulated);
        }
        return all;
    }

    static Map<String, Object> of(List<Comparison> rows) {
        List<Map<String, Object>> list = new ArrayList<>();
        for (Comparison row : rows) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("run", row.run());
            fields.put("source", row.source());
            fields.put("quantity", row.quantity());
            fields.put("unit", row.unit());
            fields.put("published", row.published());
            fields.put("ours", row.ours());
            fields.put("difference", row.difference());
            fields.put("basis", ConfigNames.of(row.basis()));
            fields.put("tolerance", row.tolerance());
            fields.put("holds", row.holds());
            list.add(fields);
        }
        return Map.of("published", list);
    }

    private static Map<String, Object> model(ModelShape shape) {
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("parameters", shape.parameters());
        model.put("layers", shape.layers());
        model.put("hidden", shape.hidden());
        model.put("heads", shape.heads());
        model.put("kvHeads", shape.kvHeads());
        model.put("ffn", shape.ffn());
        model.put("vocab", shape.vocab());
        model.put("sequence", shape.sequence());
        model.put("flopsPerToken", ModelFlops.perToken(shape));
        return model;
    }

    private static Map<String, Object> layout(Layout layout, int batch) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("data", layout.mesh().data());
        fields.put("tensor", layout.mesh().tensor());
        fields.put("pipeline", layout.mesh().pipeline());
        fields.put("microBatch", layout.microBatch());
        fields.put("microBatches", layout.microBatches(batch));
        fields.put("interleave", layout.chunks());
        fields.put("zero", layout.zero().number());
        fields.put("recompute", ConfigNames.of(layout.recompute()));
        fields.put("sequenceParallel", layout.sequenceParallel());
        return fields;
    }

    private static Map<String, Object> memory(MemoryEstimate memory) {
        Map<String, Object> parts = new LinkedHashMap<>();
        parts.put("weights", memory.weights());
        parts.put("gradients", memory.gradients());
        parts.put("optimizer", memory.optimizer());
        parts.put("activations", memory.activations());
        parts.put("workspace", memory.workspace());
        parts.put("total", memory.total());
        return parts;
    }

    private static List<Object> byZeroStage(PlanOutcome outcome) {
        List<Object> stages = new ArrayList<>();
        for (ZeroStage stage : ZeroStage.values()) {
            stages.add(memory(
                    MemoryEstimate.of(outcome.job(), outcome.best().layout().withZero(stage))));
        }
        return stages;
    }

    private static Map<String, Object> step(Candidate best, int batch) {
        Layout layout = best.layout();
        StepEstimate step = best.step();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("seconds", step.seconds());
        fields.put("parts", step.parts());
        fields.put(
                "bubbleShare",
                PipelineFormula.bubbleShare(layout.mesh().pipeline(), layout.chunks(), layout.microBatches(batch)));
        fields.put("tokensPerSecond", step.tokensPerSecond());
        fields.put("mfu", step.utilization());
        fields.put("hfu", step.hardwareUtilization());
        return fields;
    }

    private static Map<String, AxisTraffic> traffic(StepEstimate step) {
        Map<String, AxisTraffic> axes = new LinkedHashMap<>();
        axes.put("data", step.data());
        axes.put("tensor", step.tensor());
        axes.put("pipeline", step.pipeline());
        return axes;
    }

    private static Map<String, Object> training(PlanOutcome outcome) {
        ModelShape shape = outcome.job().shape();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("tokens", outcome.tokens());
        fields.put("flops", outcome.tokens() * ModelFlops.perToken(shape));
        fields.put("days", outcome.days());
        fields.put("daysWithFailures", outcome.days() / outcome.goodput());
        fields.put(
                "optimalTokens", ComputeOptimal.ofParameters(shape.parameters()).tokens());
        if (outcome.flops() != null) {
            fields.put("optimumOfFlops", ComputeOptimal.ofFlops(outcome.flops()));
            fields.put("fittedOptimumOfFlops", ComputeOptimal.ofFittedLoss(outcome.flops()));
        }
        return fields;
    }

    private static Map<String, Object> failures(PlanOutcome outcome) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("mtbfHours", outcome.failures().mtbfSeconds() / Units.SECONDS_PER_HOUR);
        fields.put("checkpointBytes", PlanFailureOptions.checkpointBytes(outcome.job()));
        fields.put("checkpointSeconds", outcome.failures().checkpointSeconds());
        fields.put("restartSeconds", outcome.failures().restartSeconds());
        fields.put("youngSeconds", outcome.failures().youngSeconds());
        fields.put("dalySeconds", outcome.failures().dalySeconds());
        fields.put("checkpointIntervalSeconds", outcome.intervalSeconds());
        fields.put("goodput", outcome.goodput());
        return fields;
    }

    private static List<Object> meshes(PlanOutcome outcome) {
        List<Object> meshes = new ArrayList<>();
        int batch = outcome.job().globalBatch();
        for (Candidate found : outcome.search().fitting()) {
            String why = found.equals(outcome.best()) ? "the plan" : RunnerUp.slower(outcome.best(), found);
            meshes.add(candidate(found, batch, why));
        }
        for (Candidate found : outcome.search().tooLarge()) {
            meshes.add(candidate(
                    found, batch, RunnerUp.tooLarge(found, outcome.cluster().usableBytes())));
        }
        outcome.search()
                .impossible()
                .forEach(found -> meshes.add(Map.of("mesh", found.mesh().toString(), "why", found.reason())));
        return meshes;
    }

    private static Map<String, Object> candidate(Candidate found, int batch, String why) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("mesh", found.layout().mesh().toString());
        fields.put("layout", layout(found.layout(), batch));
        fields.put("memoryBytes", memory(found.memory()));
        fields.put("stepSeconds", found.step().seconds());
        fields.put("fits", found.fits());
        fields.put("why", why);
        return fields;
    }
}
