package dev.troupe.model.report;

import dev.troupe.model.eval.Evaluation;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.eval.LossSample;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A page about a finished run: how good the model is, how it got there, what it writes, and of what it was made.
 *
 * @param title such as "quickstart run-0001"
 * @param subtitle one line, such as the shape of the model
 * @param shadow validation losses of a model that the run is compared with; none for no such model
 * @param model on held-out text; null for a model that was not evaluated
 * @param baseline on the same tokens
 * @param samples what the model wrote
 * @param speed charts of how fast it was, and what part of the machines it used
 * @param nodes that trained, with their memory
 * @param facts tables of a heading and rows, such as corpus, tokenizer, configuration
 */
public record RunReport(
        String title,
        String subtitle,
        LossCurve curve,
        List<LossSample> shadow,
        @Nullable Evaluation model,
        @Nullable Evaluation baseline,
        List<Sample> samples,
        List<StepChart.Series> speed,
        List<MemoryChart.Node> nodes,
        List<Facts> facts) {

    private static final String STYLE = """
            :root{--paper:#f6f7f9;--card:#fff;--ink:#111827;--soft:#6b7280;--line:#e5e7eb;--accent:#1d4ed8}
            @media (prefers-color-scheme:dark){
             :root{--paper:#0f1319;--card:#171c24;--ink:#e6e9ef;--soft:#98a2b3;--line:#2a313c;--accent:#8ab4ff}
             .chart .lc-paper{fill:#171c24}.chart .lc-ink{fill:#e6e9ef}.chart .lc-soft{fill:#98a2b3}
             .chart .lc-grid{stroke:#2a313c}.chart .lc-axis{stroke:#556072}.chart .lc-raw{stroke:#34548a}
             .chart .lc-train{stroke:#8ab4ff}.chart .lc-train-text{fill:#8ab4ff}.chart .lc-val{stroke:#fb923c}
             .chart .lc-dot{fill:#fb923c;stroke:#171c24}.chart .lc-val-text{fill:#fb923c}
             .chart .lc-shadow{stroke:#c4b5fd}}
            *{box-sizing:border-box}
            body{margin:0;background:var(--paper);color:var(--ink);line-height:1.5;
             font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
            main{max-width:1040px;margin:0 auto;padding:40px 24px 64px}
            h1{margin:0;font-size:28px;letter-spacing:-.01em}
            h2{margin:40px 0 12px;font-size:19px}
            .subtitle{margin:6px 0 0;color:var(--soft)}
            .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(220px,1fr));gap:16px;margin-top:28px}
            .card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px}
            .card .name{color:var(--soft);font-size:14px}
            .card .value{font-size:32px;font-weight:650;letter-spacing:-.02em;margin:2px 0}
            .card .note{color:var(--soft);font-size:14px}
            .chart{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:8px;margin-top:16px}
            .chart svg{display:block;width:100%;height:auto}
            .sample{white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 14px;
             font-family:ui-serif,Georgia,"DejaVu Serif",serif;font-size:16px}
            .sample b{color:var(--accent);font-weight:600}
            .tables{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:16px;align-items:start}
            table{width:100%;border-collapse:collapse;font-size:14px;table-layout:fixed}
            caption{text-align:left;font-weight:600;padding-bottom:6px;font-size:15px}
            td{padding:5px 0;border-top:1px solid var(--line);vertical-align:top}
            td:first-child{color:var(--soft);padding-right:16px;width:42%;overflow-wrap:anywhere}
            td:last-child{text-align:right;overflow-wrap:anywhere}
            """;

    /** A text that the model wrote; {@code text} begins with {@code prompt}. */
    public record Sample(String prompt, String text) {}

    /** A table; rows keep their order. */
    public record Facts(String heading, Map<String, String> rows) {
        public Facts {
            rows = Collections.unmodifiableMap(new LinkedHashMap<>(rows));
        }
    }

    public RunReport {
        shadow = List.copyOf(shadow);
        samples = List.copyOf(samples);
        speed = List.copyOf(speed);
        nodes = List.copyOf(nodes);
        facts = List.copyOf(facts);
    }

    /** The whole page: one file, no scripts, nothing from elsewhere. */
    public String toHtml() {
        StringBuilder html = new StringBuilder();
        html.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
                .append(Html.escape(title))
                .append("</title>\n<style>\n")
                .append(STYLE)
                .append("</style>\n</head>\n<body>\n<main>\n<h1>")
                .append(Html.escape(title))
                .append("</h1>\n<p class=\"subtitle\">")
                .append(Html.escape(subtitle))
                .append("</p>\n");
        if (model != null && baseline != null) {
            appendScores(html, model, baseline);
        }
        chart(html, LossChart.svg(curve, shadow, "Training"));
        appendSamples(html);
        appendSpeed(html);
        appendFacts(html);
        return html.append("</main>\n</body>\n</html>\n").toString();
    }

    private static void appendScores(StringBuilder html, Evaluation model, Evaluation baseline) {
        html.append("<div class=\"cards\">\n");
        card(
                html,
                "Perplexity on held-out text",
                format("%.2f", model.perplexity()),
                format("unigram baseline %,.1f", baseline.perplexity()));
        card(
                html,
                "Bits per byte",
                format("%.3f", model.bitsPerByte()),
                format("unigram baseline %.3f", baseline.bitsPerByte()));
        card(
                html,
                "Evaluated on",
                format("%,d tokens", model.tokens()),
                format("%,d bytes of text the model has not seen", model.bytes()));
        html.append("</div>\n");
    }

    private static void card(StringBuilder html, String name, String value, String note) {
        html.append("<div class=\"card\"><div class=\"name\">")
                .append(Html.escape(name))
                .append("</div><div class=\"value\">")
                .append(Html.escape(value))
                .append("</div><div class=\"note\">")
                .append(Html.escape(note))
                .append("</div></div>\n");
    }

    private void appendSamples(StringBuilder html) {
        if (samples.isEmpty()) {
            return;
        }
        html.append("<h2>What it writes</h2>\n");
        for (Sample sample : samples) {
            boolean begins = sample.text().startsWith(sample.prompt());
            String prompt = begins ? sample.prompt() : "";
            html.append("<div class=\"card sample\"><b>")
                    .append(Html.escape(prompt))
                    .append("</b>")
                    .append(Html.escape(sample.text().substring(prompt.length()).stripTrailing()))
                    .append("</div>\n");
        }
    }

    private void appendSpeed(StringBuilder html) {
        if (speed.isEmpty() && nodes.isEmpty()) {
            return;
        }
        html.append("<h2>How fast it was</h2>\n");
        speed.forEach(series -> chart(html, StepChart.svg(series)));
        if (!nodes.isEmpty()) {
            chart(html, MemoryChart.svg(nodes));
        }
    }

    private static void chart(StringBuilder html, String svg) {
        html.append("<div class=\"chart\">\n").append(svg).append("</div>\n");
    }

    private void appendFacts(StringBuilder html) {
        if (facts.isEmpty()) {
            return;
        }
        html.append("<h2>What it was made of</h2>\n<div class=\"tables\">\n");
        for (Facts table : facts) {
            html.append("<div class=\"card\"><table><caption>")
                    .append(Html.escape(table.heading()))
                    .append("</caption>\n");
            table.rows()
                    .forEach((name, value) -> html.append("<tr><td>")
                            .append(Html.escape(name))
                            .append("</td><td>")
                            .append(Html.escape(value))
                            .append("</td></tr>\n"));
            html.append("</table></div>\n");
        }
        html.append("</div>\n");
    }

    private static String format(String format, Object value) {
        return String.format(Locale.ROOT, format, value);
    }
}
