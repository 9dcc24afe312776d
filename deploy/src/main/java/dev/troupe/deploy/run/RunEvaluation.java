package dev.troupe.deploy.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.troupe.actors.registry.Lineage;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingSummary;
import dev.troupe.actors.training.run.RunCurve;
import dev.troupe.deploy.progress.ProgressDisplay;
import dev.troupe.model.TroupeException;
import dev.troupe.model.eval.Evaluation;
import dev.troupe.model.eval.EvaluationSet;
import dev.troupe.model.eval.UnigramBaseline;
import dev.troupe.model.format.durable.Sha256;
import dev.troupe.model.report.RunReport;
import dev.troupe.model.sampling.SamplingOptions;
import dev.troupe.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * How good the model of a finished run is: held-out perplexity beside that of a unigram baseline, and sample texts;
 * kept in the run's folder as evaluation.json, and shown on its report.
 *
 * @param modelVersion identity of the weights
 * @param manifestSha256 of the checkpoint's manifest
 */
public record RunEvaluation(
        String modelVersion,
        String manifestSha256,
        Evaluation model,
        Evaluation unigram,
        List<RunReport.Sample> samples) {
    private static final List<String> DICTIONARY_PROMPTS =
            List.of("heterotroph (noun)", "river (noun)", "quickly (adverb)");
    private static final List<String> FREE_PROMPTS = List.of("");
    private static final int SAMPLE_TOKENS = 100;
    private static final double SAMPLE_TEMPERATURE = 0.4;

    public RunEvaluation {
        samples = List.copyOf(samples);
    }

    /** The model's figures, as the registry keeps them. */
    public Lineage.Score score() {
        return new Lineage.Score(model.tokens(), model.nllPerToken(), model.perplexity(), model.bitsPerByte());
    }

    /** Evaluates the final checkpoint of a run and writes the run's evaluation and report. */
    public static RunEvaluation of(
            RunDirectory run, Corpus corpus, TrainingConfig config, TrainingSummary summary, ProgressDisplay display) {
        display.stage("Evaluation on held-out documents");
        Path checkpoint = Path.of(summary.checkpoint());
        try (LocalModel local = LocalModel.open(
                checkpoint, config.train().backend(), config.train().precision())) {
            EvaluationSet heldOut = EvaluationSet.of(
                    corpus.tokens().heldOut(),
                    corpus.tokenizer(),
                    local.windowTokens(),
                    config.eval().finalWindows());
            Evaluation model = local.evaluate(heldOut);
            Evaluation unigram = UnigramBaseline.train(corpus.tokens().train()).evaluate(heldOut);
            RunEvaluation evaluation = new RunEvaluation(
                    local.opened().version(), manifestSha256(checkpoint), model, unigram, samples(local, corpus));
            evaluation.show(display);
            evaluation.writeJson(run);
            RunPages.write(run, corpus, config, summary, RunCurve.read(run.metrics()), evaluation);
            display.note("report: " + run.report());
            return evaluation;
        }
    }

    private static String manifestSha256(Path checkpoint) {
        Path manifest = checkpoint.resolve("manifest.json");
        try {
            return Sha256.of(manifest).sha256();
        } catch (IOException e) {
            throw new TroupeException("cannot read " + manifest + ": " + e, e);
        }
    }

    private static List<RunReport.Sample> samples(LocalModel local, Corpus corpus) {
        List<String> prompts = corpus.chatTemplate().equals("dictionary") ? DICTIONARY_PROMPTS : FREE_PROMPTS;
        List<RunReport.Sample> samples = new ArrayList<>();
        long seed = 1;
        for (String prompt : prompts) {
            SamplingOptions options = new SamplingOptions(SAMPLE_TEMPERATURE, 0, 0.95, 0, 1, 0, 0, Map.of(), seed++);
            samples.add(new RunReport.Sample(prompt, prompt + continuation(local, prompt, options)));
        }
        return samples;
    }

    private static String continuation(LocalModel local, String prompt, SamplingOptions options) {
        Tokenizer tokenizer = local.opened().tokenizer();
        int end = tokenizer.endOfText();
        int[] ids = tokenizer.encode(prompt);
        // A document begins where the one before it has ended.
        int[] start = new int[ids.length + (end == Tokenizer.NO_TOKEN ? 0 : 1)];
        System.arraycopy(ids, 0, start, start.length - ids.length, ids.length);
        if (end != Tokenizer.NO_TOKEN) {
            start[0] = end;
        }
        List<Integer> answer = local.generating(
                generator -> generator.generate(start, SAMPLE_TOKENS, options, Set.of(end), token -> {}));
        return tokenizer.decode(answer.stream().mapToInt(Integer::intValue).toArray());
    }

    private void show(ProgressDisplay display) {
        display.note(String.format(
                Locale.ROOT,
                "perplexity %.2f (unigram baseline %.1f), %.3f bits a byte (%.3f), on %,d tokens",
                model.perplexity(),
                unigram.perplexity(),
                model.bitsPerByte(),
                unigram.bitsPerByte(),
                model.tokens()));
        samples.forEach(
                sample -> display.note("sample: " + sample.text().strip().replaceAll("\\s*\\R\\s*", " | ")));
    }

    private void writeJson(RunDirectory run) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("modelVersion", modelVersion);
        json.put("heldOut", model);
        json.put("unigramBaseline", unigram);
        json.put("samples", samples);
        try {
            new ObjectMapper()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .writeValue(run.evaluation().toFile(), json);
        } catch (IOException e) {
            throw new TroupeException("cannot write " + run.evaluation() + ": " + e + "; is the disk full?", e);
        }
    }

    static void writeFile(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new TroupeException("cannot write " + file + ": " + e + "; is the disk full?", e);
        }
    }
}
