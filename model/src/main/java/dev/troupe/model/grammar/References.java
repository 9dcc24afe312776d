package dev.troupe.model.grammar;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.grammar.SchemaCompiler.Place;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/** Finds what {@code $ref} means: a JSON pointer into the same document. */
final class References {
    private final JsonNode root;

    References(JsonNode root) {
        this.root = root;
    }

    /** @throws SchemaException when there is nothing */
    Place target(Place place) {
        JsonNode ref = place.schema().path("$ref");
        String text = ref.asText("");
        if (!ref.isTextual() || !(text.equals("#") || text.startsWith("#/"))) {
            throw new SchemaException(
                    place.path() + "/$ref", "is " + ref + "; it must be like \"#/$defs/name\", in this schema");
        }
        String pointer;
        try {
            // A plus stands for itself in a URI's fragment.
            pointer = URLDecoder.decode(text.substring(1).replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new SchemaException(place.path() + "/$ref", "is " + text + ", which is not well-formed");
        }
        JsonNode target = root.at(JsonPointer.compile(pointer));
        if (target.isMissingNode()) {
            throw new SchemaException(place.path() + "/$ref", "refers to " + text + ", which is not there");
        }
        return new Place(target, "#" + pointer);
    }
}
