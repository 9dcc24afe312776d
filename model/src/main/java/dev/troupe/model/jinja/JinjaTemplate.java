package dev.troupe.model.jinja;

import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A template that can be run any number of times. Immutable. */
public final class JinjaTemplate {
    private final List<Statement> body;

    private JinjaTemplate(List<Statement> body) {
        this.body = body;
    }

    /**
     * Reads a template.
     *
     * @throws JinjaException that names the line of what is not understood
     */
    public static JinjaTemplate parse(String template) {
        return new JinjaTemplate(TemplateParser.parse(template));
    }

    /**
     * The text that it makes of values: null, Boolean, Long, Double, String, List, Map with String keys.
     *
     * @param now for {@code strftime_now}
     * @throws JinjaException when it fails, or {@linkplain JinjaException#isRaised refuses} the values itself
     */
    public String render(Map<String, ? extends @Nullable Object> values, LocalDateTime now) {
        Scope scope = new Scope(null);
        Functions.addTo(scope, now);
        Scope inner = new Scope(scope);
        values.forEach(inner::set);
        return new Renderer().run(body, inner);
    }
}
