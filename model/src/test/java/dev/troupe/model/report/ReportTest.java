package dev.troupe.model.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.eval.Evaluation;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.eval.LossRecorder;
import dev.troupe.model.eval.LossSample;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xml.sax.SAXException;

class ReportTest {
    /** Kept in target/ for a person to look at. */
    private static final Path OUTPUT = Path.of("target", "report");

    @Test
    void wholeReportIsWellFormedAndHasEverything() throws Exception {
        RunReport report = report(curve(1200, 100));
        String html = report.toHtml();
        Files.createDirectories(OUTPUT);
        Files.writeString(OUTPUT.resolve("report.html"), html);
        Files.writeString(OUTPUT.resolve("loss.svg"), LossChart.svg(report.curve(), "Training"));
        assertThat(html)
                .contains("31.42", "unigram baseline 812.3", "1.234", "65,536 tokens")
                .contains("heterotroph (noun)</b>\nDefinition: an organism &lt;that&gt; eats")
                .contains("<td>optimizer.learningRate</td><td>0.001</td>")
                .contains("Memory of tensors by node", "a &amp; b:25520", "14.0 MB", ">20k<", ">0.2 %<")
                .doesNotContain("<that>", "http-equiv", "src=", "href=");
        parse(html.replaceFirst("<!DOCTYPE html>\n", "").replaceAll("<meta ([^>]*)>", "<meta $1/>"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 50, 3000, 100_000})
    void chartOfAnyLengthIsWellFormed(int steps) throws Exception {
        String svg = LossChart.svg(curve(steps, 1 + steps / 5), "Loss & <more>");
        parse(svg);
        assertThat(svg).doesNotContain("NaN", "Infinity").hasSizeLessThan(200_000);
        Files.createDirectories(OUTPUT);
        Files.writeString(OUTPUT.resolve("loss-" + steps + ".svg"), svg);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 512})
    void chartsOfStepsAndNodesOfAnyNumberAreWellFormed(int number) throws Exception {
        for (StepChart.Unit unit : StepChart.Unit.values()) {
            for (double level : new double[] {0, 1e-4, 0.4, 123_456}) {
                String svg = StepChart.svg(
                        new StepChart.Series("x", "Speed & <more>", "tokens/s", unit, points(level, number)));
                parse(svg);
                assertThat(svg).doesNotContain("NaN", "Infinity");
                assertThat(svg.contains("polyline")).isEqualTo(number > 0);
            }
        }
        String memory = MemoryChart.svg(Collections.nCopies(number, NODE_A));
        parse(memory);
        assertThat(memory).doesNotContain("NaN", "Infinity");
        assertThat(memory.split("a &amp; b:25520", -1)).hasSize(number + 1);
    }

    @Test
    void pointsThatAreNoNumbersAreLeftOut() {
        StepChart.Series series = new StepChart.Series(
                "x",
                "t",
                "n",
                StepChart.Unit.SHARE,
                List.of(new StepChart.Point(1, Double.NaN), new StepChart.Point(2, 0.25)));
        assertThat(StepChart.svg(series)).contains("25.0 %").doesNotContain("NaN");
    }

    @Test
    void lossesThatAreNoNumbersAreLeftOut() throws Exception {
        LossRecorder recorder = LossRecorder.from(LossCurve.empty());
        recorder.training(1, 10, Double.NaN);
        recorder.training(2, 20, Double.POSITIVE_INFINITY);
        recorder.training(3, 30, 2);
        recorder.validation(3, 30, Double.NaN);
        String svg = LossChart.svg(recorder.curve(), "t");
        parse(svg);
        assertThat(svg).doesNotContain("NaN", "Infinity");
    }

    /** Both are at the bottom of the plot, where there is no room for the lower one to move. */
    @Test
    void lastValuesDoNotOverlap() {
        LossRecorder recorder = LossRecorder.from(LossCurve.empty());
        for (int step = 1; step <= 100; step++) {
            recorder.training(step, step * 10L, step < 20 ? 3 : 0.5);
        }
        recorder.validation(100, 1000, 0.501);
        String svg = LossChart.svg(recorder.curve(), "t");
        double train = heightOf("lc-train-text lc-value", svg);
        double val = heightOf("lc-val-text lc-value", svg);
        assertThat(Math.abs(train - val)).isGreaterThanOrEqualTo(33.9); // each has two lines
    }

    private static double heightOf(String color, String svg) {
        Matcher text = Pattern.compile("<text class=\"" + color + "\" x=\"[0-9.]+\" y=\"([0-9.]+)\"")
                .matcher(svg);
        assertThat(text.find()).isTrue();
        return Double.parseDouble(text.group(1));
    }

    @ParameterizedTest
    @CsvSource({"0,1,10,0.0 0.1", "0,1200,6,0.0 200.0", "2.9,8.4,7,3.0 4.0", "0,0.013,5,0.0 0.005"})
    void ticksAreRound(double min, double max, int target, String firstTwo) {
        List<Double> ticks = new Axis(min, max, 0, 100).ticks(target);
        assertThat(ticks.get(0) + " " + ticks.get(1)).isEqualTo(firstTwo);
        assertThat(ticks).hasSizeBetween(2, target + 1);
    }

    @ParameterizedTest
    @CsvSource({"0,0", "999,999", "1000,1k", "2500,2.5k", "20000000,20M", "100,100", "1250000,1.25M"})
    void countsAreShort(double value, String label) {
        assertThat(Axis.countLabel(value)).isEqualTo(label);
    }

    private static final MemoryChart.Node NODE_A = new MemoryChart.Node("a & b:25520", parts(1));
    private static final MemoryChart.Node NODE_B = new MemoryChart.Node("c:25521", parts(2));

    private static Map<String, Long> parts(long factor) {
        Map<String, Long> parts = new LinkedHashMap<>();
        for (String part : List.of("weights", "gradients", "optimizer", "windows", "activations", "copies")) {
            parts.put(part, factor * 1_000_000L * (parts.size() + 1) / 3);
        }
        return parts;
    }

    /** Values around a level. */
    private static List<StepChart.Point> points(double level, int number) {
        Random random = new Random(number);
        return IntStream.rangeClosed(1, number)
                .mapToObj(i -> new StepChart.Point(10L * i, level * (1 + 0.05 * random.nextGaussian())))
                .toList();
    }

    private static RunReport report(LossCurve curve) {
        Map<String, String> configuration = new LinkedHashMap<>();
        configuration.put("model.architecture", "llama");
        configuration.put("model.dim", "256");
        configuration.put("model.numLayers", "6");
        configuration.put("train.batch", "16 x 256 tokens");
        configuration.put("optimizer.learningRate", "0.001");
        Map<String, String> corpus = new LinkedHashMap<>();
        corpus.put("source", "WordNet 3.1");
        corpus.put("documents", "116,613");
        corpus.put("text", "14.2 MB");
        corpus.put("held out", "1,178 documents");
        return new RunReport(
                "quickstart run-0001",
                "Llama-like, 5,312,000 parameters, 4.9 M tokens in 4 minutes",
                curve,
                List.of(new LossSample(0, 0, 3.9, 1)),
                new Evaluation(65_536, 262_144, Math.log(31.42), 31.42, 1.234),
                new Evaluation(65_536, 262_144, Math.log(812.3), 812.3, 2.401),
                List.of(
                        new RunReport.Sample(
                                "heterotroph (noun)",
                                "heterotroph (noun)\nDefinition: an organism <that> eats & is eaten.\nA kind of organism."),
                        new RunReport.Sample("", "river (noun)\nDefinition: a large natural stream of water.\n")),
                List.of(
                        new StepChart.Series("speed", "Speed", "tokens/s", StepChart.Unit.COUNT, points(18_000, 40)),
                        new StepChart.Series("mfu", "MFU", "of the peak", StepChart.Unit.SHARE, points(0.31, 40)),
                        new StepChart.Series(
                                "waiting", "Waiting", "of the time", StepChart.Unit.SHARE, points(0.003, 40))),
                List.of(NODE_A, NODE_B),
                List.of(
                        new RunReport.Facts("Corpus", corpus),
                        new RunReport.Facts(
                                "Tokenizer", Map.of("kind", "byte-level BPE, 4,096 tokens, 3.9 bytes per token")),
                        new RunReport.Facts("Configuration", configuration)));
    }

    /** A loss that falls as real ones do, with noise and a spike. */
    private static LossCurve curve(int steps, int every) {
        Random random = new Random(steps);
        LossRecorder recorder = LossRecorder.from(LossCurve.empty());
        for (int step = 1; step <= steps; step++) {
            double mean = 3.1 + 5.2 * Math.exp(-step / (steps / 12.0)) + 0.4 * Math.exp(-step / (steps / 2.0));
            double spike = step == steps / 3 ? 6 : 0;
            recorder.training(step, step * 4096L, mean + 0.12 * random.nextGaussian() + spike);
            if (step % every == 0) {
                recorder.validation(step, step * 4096L, mean + 0.09);
            }
        }
        return recorder.curve();
    }

    private static void parse(String xml) throws ParserConfigurationException, SAXException, IOException {
        DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
    }
}
