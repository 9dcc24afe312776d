package dev.troupe.model.jinja;

import org.jspecify.annotations.Nullable;

/** Something that can be called: a macro, a method, a function. */
@FunctionalInterface
interface Callable {
    @Nullable Object call(CallArguments arguments);
}
