package dev.troupe.model.jinja;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Something that can be called: a macro, a method, a function. */
@FunctionalInterface
interface Callable {
    @Nullable Object call(List<@Nullable Object> positional, Map<String, @Nullable Object> named);
}
