package dev.troupe.model.jinja;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Something that is done. */
sealed interface Statement {
    record Text(String text) implements Statement {}

    record Print(Expression value) implements Statement {}

    record If(Expression condition, List<Statement> then, List<Statement> otherwise) implements Statement {}

    record For(
            List<String> names,
            Expression items,
            @Nullable Expression filter,
            List<Statement> body,
            List<Statement> otherwise,
            int line)
            implements Statement {}

    record Set(List<String> names, Expression value, int line) implements Statement {}

    record SetAttribute(String object, String attribute, Expression value, int line) implements Statement {}

    record SetBlock(String name, List<Statement> body) implements Statement {}

    record Macro(String name, List<String> parameters, Map<String, Expression> defaults, List<Statement> body)
            implements Statement {}

    /** Marks that change nothing here ("generation"), and what is between them. */
    record Group(List<Statement> body) implements Statement {}

    record Break() implements Statement {}

    record Continue() implements Statement {}
}
