package dev.troupe.deploy.cli;

import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.ModelSummary;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.sampling.SamplingDefaults;
import dev.troupe.model.transformer.ServedWeights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code troupe inspect}: what a model is, and what it needs. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description = "Checks a model's files and says what it is, how large, and how much memory serving it needs.")
final class InspectCommand implements Callable<Integer> {
    private static final double MEGA = 1e6;

    @Parameters(index = "0", paramLabel = "MODEL", description = "a GGUF file or a model directory")
    @SuppressWarnings("NullAway.Init") // required
    private Path model;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Override
    public Integer call() {
        try (OpenModel opened = ModelFiles.open(model)) {
            ModelSummary summary = ModelSummary.of(opened);
            if (json) {
                JsonLine.print(System.out, facts(opened, summary));
            } else {
                print(opened, summary);
            }
        }
        return 0;
    }

    private Map<String, Object> facts(OpenModel opened, ModelSummary summary) {
        ModelConfig config = opened.config();
        Map<String, Object> types = new LinkedHashMap<>();
        summary.bytesByType().forEach((type, bytes) -> types.put(ServedWeights.configName(type), bytes));
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("model", model.toString());
        facts.put("architecture", config.architecture());
        facts.put("parameters", summary.parameters());
        facts.put("bytesByType", types);
        facts.put("layers", config.numLayers());
        facts.put("dim", config.dim());
        facts.put("heads", config.numHeads());
        facts.put("kvHeads", config.numKvHeads());
        facts.put("headDim", config.headDim());
        facts.put("ffnDim", config.ffnDim());
        facts.put("contextLength", config.contextLength());
        facts.put("slidingWindow", config.slidingWindow());
        facts.put(
                "ropeScaling",
                config.ropeScaling() == null ? "none" : config.ropeScaling().toString());
        facts.put("tiedEmbeddings", config.tiedEmbeddings());
        facts.put("vocabSize", config.vocabSize());
        facts.put("tokenizer", opened.tokenizer().getClass().getSimpleName());
        facts.put("tokens", opened.tokenizer().vocabSize());
        facts.put("chatTemplate", opened.templates().main().isPresent());
        facts.put("chatTemplates", opened.templates().byName().keySet());
        facts.put("samplingDefaults", opened.sampling());
        facts.put("weightBytes", summary.weightBytes());
        facts.put("kvBytesPerToken", summary.kvBytesPerToken());
        facts.put("kvBytesOfContext", summary.kvBytes(config.contextLength()));
        return facts;
    }

    private static String templates(TemplateTexts templates) {
        return templates.byName().isEmpty()
                ? "none"
                : String.join(", ", templates.byName().keySet());
    }

    private void print(OpenModel opened, ModelSummary summary) {
        ModelConfig config = opened.config();
        Locale root = Locale.ROOT;
        line("architecture", String.format(root, "%s, %,d parameters", config.architecture(), summary.parameters()));
        line(
                "shape",
                String.format(
                        root,
                        "%d layers, width %d, %d heads of %d (%d of keys and values), feed-forward %d",
                        config.numLayers(),
                        config.dim(),
                        config.numHeads(),
                        config.headDim(),
                        config.numKvHeads(),
                        config.ffnDim()));
        summary.bytesByType()
                .forEach((type, bytes) -> line(
                        "stored as " + ServedWeights.configName(type), String.format(root, "%.1f MB", bytes / MEGA)));
        line("context", String.format(root, "%,d tokens", config.contextLength()) + positions(config));
        line(
                "tokenizer",
                String.format(
                                root,
                                "%s, %,d tokens for %,d rows",
                                opened.tokenizer().getClass().getSimpleName(),
                                opened.tokenizer().vocabSize(),
                                config.vocabSize())
                        + (config.tiedEmbeddings() ? ", tied" : ""));
        line("chat template", templates(opened.templates()));
        if (!opened.sampling().equals(SamplingDefaults.NONE)) {
            line("recommended", recommended(opened.sampling()));
        }
        line(
                "to serve",
                String.format(
                        root,
                        "%.1f MB of weights, %.1f kB a token of keys and values, %.1f MB for a whole context",
                        summary.weightBytes() / MEGA,
                        summary.kvBytesPerToken() / 1e3,
                        summary.kvBytes(config.contextLength()) / MEGA));
    }

    private static String recommended(SamplingDefaults sampling) {
        return "temperature " + sampling.temperature() + ", top-k " + sampling.topK() + ", top-p " + sampling.topP()
                + ", min-p " + sampling.minP() + ", repetition penalty " + sampling.repetitionPenalty();
    }

    private static String positions(ModelConfig config) {
        String window = config.slidingWindow() > 0 ? ", window " + config.slidingWindow() : "";
        return window + (config.ropeScaling() == null ? "" : ", " + config.ropeScaling());
    }

    private static void line(String name, String text) {
        System.out.printf("%-18s %s%n", name, text);
    }
}
