package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** JSON as Python's {@code json.dumps(value, ensure_ascii=False)} writes it, on which models were trained. */
final class JsonText {
    private final @Nullable Integer indent;
    private final boolean sortKeys;
    private final StringBuilder out = new StringBuilder();

    private JsonText(@Nullable Integer indent, boolean sortKeys) {
        this.indent = indent;
        this.sortKeys = sortKeys;
    }

    /** @param indent blanks of each level; null for all in one line */
    static String of(@Nullable Object value, @Nullable Integer indent, boolean sortKeys) {
        JsonText text = new JsonText(indent, sortKeys);
        text.write(value, 0);
        return text.out.toString();
    }

    private void write(@Nullable Object value, int level) {
        switch (value) {
            case null -> out.append("null");
            case Boolean b -> out.append(b);
            case Long n -> out.append(n);
            case Double d -> out.append(Values.represented(d));
            case String s -> string(s);
            case List<?> list -> container('[', ']', new ArrayList<>(list), level);
            case Map<?, ?> map -> {
                Map<String, @Nullable Object> byName = Values.dictionary(map);
                container('{', '}', new ArrayList<>((sortKeys ? new TreeMap<>(byName) : byName).entrySet()), level);
            }
            default -> throw new IllegalArgumentException(Values.typeName(value) + " cannot be written as JSON");
        }
    }

    private void container(char open, char close, List<@Nullable Object> items, int level) {
        out.append(open);
        for (int i = 0; i < items.size(); i++) {
            if (i > 0) {
                out.append(indent == null ? ", " : ",");
            }
            lineBreak(level + 1);
            if (items.get(i) instanceof Map.Entry<?, ?> entry) {
                string(Values.text(entry.getKey()));
                out.append(": ");
                write(entry.getValue(), level + 1);
            } else {
                write(items.get(i), level + 1);
            }
        }
        if (!items.isEmpty()) {
            lineBreak(level);
        }
        out.append(close);
    }

    private void lineBreak(int level) {
        if (indent != null) {
            out.append('\n').append(" ".repeat(indent * level));
        }
    }

    private void string(String s) {
        out.append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            int escape = "\"\\\n\t\r\f\b".indexOf(c);
            if (escape >= 0) {
                out.append('\\').append("\"\\ntrfb".charAt(escape));
            } else if (c < ' ') {
                out.append("\\u%04x".formatted((int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
