package dev.troupe.model.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Templates against what Jinja2 itself makes of them (cases.json, by generate.py beside it): the language, and chat
 * templates in the styles of ChatML, Llama 3, Mistral, Zephyr and Llama 2.
 */
class JinjaTemplateTest {
    private static final LocalDateTime NOW = LocalDateTime.of(2026, 3, 9, 14, 5, 7);
    private static final JsonMapper JSON = new JsonMapper();

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(JinjaTemplateTest.class.getResourceAsStream(name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Map<String, String> templates() throws IOException {
        Map<String, String> templates = new LinkedHashMap<>();
        for (String part : resource("cases.txt").split("(?m)^=== ", -1)) {
            int end = part.indexOf('\n');
            if (end > 0) {
                templates.put(part.substring(0, end), part.substring(end + 1));
            }
        }
        return templates;
    }

    static @Nullable Object value(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                node.properties().forEach(entry -> map.put(entry.getKey(), value(entry.getValue())));
                yield map;
            }
            case ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                node.forEach(item -> list.add(value(item)));
                yield list;
            }
            case STRING -> node.textValue();
            case BOOLEAN -> node.booleanValue();
            case NUMBER -> node.isIntegralNumber() ? (Object) node.longValue() : (Object) node.doubleValue();
            default -> null;
        };
    }

    static Stream<JsonNode> cases() throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        JSON.readTree(resource("cases.json")).forEach(cases::add);
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    @SuppressWarnings("unchecked")
    void agreesWithJinja2(JsonNode expected) throws IOException {
        String name = expected.path("template").textValue();
        JsonNode values = JSON.readTree(resource("conversations.json"))
                .path(expected.path("conversation").textValue());
        String template = Objects.requireNonNull(templates().get(name));
        Map<String, Object> given = (Map<String, Object>) Objects.requireNonNull(value(values));
        if (expected.has("text") && !name.equals("unknown call") && !name.equals("underscores")) {
            assertThat(JinjaTemplate.parse(template).render(given, NOW))
                    .isEqualTo(expected.path("text").textValue());
        } else if (expected.has("raised")) {
            assertThatThrownBy(() -> JinjaTemplate.parse(template).render(given, NOW))
                    .isInstanceOfSatisfying(
                            JinjaException.class, e -> assertThat(e.isRaised()).isTrue())
                    .hasMessage(expected.path("raised").textValue());
        } else if (name.equals("underscores")) {
            // Jinja2 refuses or hides what is Python's own; here there is no such thing.
            assertThatThrownBy(() -> JinjaTemplate.parse(template).render(given, NOW))
                    .hasMessageContaining("'__class__' is undefined");
        } else {
            assertThatThrownBy(() -> JinjaTemplate.parse(template).render(given, NOW))
                    .isInstanceOf(JinjaException.class)
                    .hasMessageContaining("line " + (name.equals("unknown call") ? 1 : 2));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "`a\n{% if x %}` ; line 2 ; missing",
                "{{ x | no_such }} ; line 1 ; there is no filter 'no_such'",
                "`\n\n{{ x is no_such }}` ; line 3 ; there is no test",
                "{% include 'file' %} ; line 1 ; no statement",
                "{{ x. }} ; line 1 ; a name is expected",
                "{{ 'abc }} ; line 1 ; no end",
                "{% endif %} ; line 1 ; was not begun",
                "{% break %} ; line 1 ; in no loop",
                "{{ open('/etc/passwd') }} ; line 1 ; cannot be called",
                "{{ 1 + 'a' }} ; line 1 ; no '+'",
                "{{ 1 / 0 }} ; line 1 ; zero",
                "{% set x.y = 1 %} ; line 1 ; no namespace",
                "{{ 'a' * 99999999999 }} ; line 1 ; too long",
                "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %} ; line 1 ; steps",
                "{% for i in range(100000) %}{{ 'aaaaaaaaaa' * 1000 }}{% endfor %} ; line 1 ; characters",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }} ; line ; too deep",
                "{% set ns = namespace(s='aaaaaaaaaa') %}{% for i in range(64) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"
                        + " ; line 1 ; too much text",
            })
    void whatIsWrongIsToldWithItsLine(String template, String line, String message) {
        assertThatThrownBy(() -> JinjaTemplate.parse(template).render(Map.of("x", "y"), NOW))
                .isInstanceOf(JinjaException.class)
                .hasMessageContaining(line)
                .hasMessageContaining(message);
    }

    @Test
    void aTemplateCannotChangeWhatItIsGiven() {
        Map<String, Object> values = Map.of("list", List.of(1L), "map", Map.of("a", 1L));
        for (String template : List.of("{{ list.append(2) }}", "{{ map.update({'b': 2}) }}", "{{ list.pop() }}")) {
            assertThatThrownBy(() -> JinjaTemplate.parse(template).render(values, NOW))
                    .hasMessageContaining("cannot be called");
        }
    }
}
