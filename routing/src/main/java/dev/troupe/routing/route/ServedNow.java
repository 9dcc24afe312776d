package dev.troupe.routing.route;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What a router serves now. The router says it whenever it changes, and any thread looks without asking the router: on
 * a request's way there it would take as long as all else that the router does for it.
 */
public final class ServedNow {
    private volatile Router.ServedModels said = new Router.ServedModels(List.of(), false);

    void set(Router.ServedModels newlySaid) {
        said = newlySaid;
    }

    Router.ServedModels said() {
        return said;
    }

    /** The newest version of each model, by name. */
    public List<ServedModel> models() {
        return said.models();
    }

    /**
     * The model that a name means.
     *
     * @param modelId may be empty when only one model is served
     * @throws RequestFailure when it is not served, or not now
     */
    public ServedModel resolve(String modelId) {
        var now = said;
        if (now.draining()) {
            throw shuttingDown();
        }
        if (now.models().isEmpty()) {
            throw new RequestFailure(
                    RequestFailure.Kind.UNAVAILABLE,
                    "No model is ready yet: replicas are still loading. Try again in a moment.");
        }
        if (modelId.isEmpty()) {
            if (now.models().size() == 1) {
                return now.models().getFirst();
            }
            throw new RequestFailure(
                    RequestFailure.Kind.INVALID,
                    "Several models are served, so name one: " + names(now) + ".",
                    "model");
        }
        for (var model : now.models()) {
            if (model.description().modelId().equals(modelId)) {
                return model;
            }
        }
        throw new RequestFailure(
                RequestFailure.Kind.MODEL_NOT_FOUND,
                "The model '" + modelId + "' does not exist here. Served now: " + names(now) + ".",
                "model");
    }

    private static String names(Router.ServedModels served) {
        return served.models().stream()
                .map(model -> model.description().modelId())
                .collect(Collectors.joining(", "));
    }

    static RequestFailure shuttingDown() {
        return new RequestFailure(
                RequestFailure.Kind.UNAVAILABLE, "This node is shutting down. Try another, or again in a moment.");
    }
}
