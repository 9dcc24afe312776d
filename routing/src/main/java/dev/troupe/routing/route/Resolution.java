package dev.troupe.routing.route;

import dev.troupe.actors.serving.ModelDescription;

/** What the router answers when asked for a model by name. */
public sealed interface Resolution {
    /** It is served. */
    record Found(ModelDescription model) implements Resolution {}

    /** It is not, or not now. */
    record Missing(RequestFailure failure) implements Resolution {}
}
