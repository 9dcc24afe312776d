package dev.troupe.model.grammar;

import dev.troupe.model.grammar.SchemaCompiler.Place;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Whether the branches of a "oneOf" exclude each other: by type, by fixed values, or by a required property with fixed
 * values. Otherwise a value that is valid by two of them would have to be found out while it is written.
 */
final class Distinction {
    private final Conjunction conjunction;

    Distinction(Conjunction conjunction) {
        this.conjunction = conjunction;
    }

    /** @throws SchemaException when two branches may both be right */
    void check(Place place, List<Place> branches) {
        for (int i = 0; i < branches.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (!exclude(conjunction.simplified(branches.get(i)), conjunction.simplified(branches.get(j)))) {
                    throw new SchemaException(
                            place.path() + "/oneOf",
                            "has branches " + j + " and " + i + ", by which one value may be valid: tell them apart by"
                                    + " type or by a required property with 'const', or use 'anyOf'");
                }
            }
        }
    }

    private boolean exclude(Place a, Place b) {
        Optional<Set<String>> valuesA = fixed(a);
        Optional<Set<String>> valuesB = fixed(b);
        if (valuesA.isPresent() && valuesB.isPresent()) {
            return areDisjoint(valuesA.get(), valuesB.get());
        }
        List<String> typesA = types(a);
        List<String> typesB = types(b);
        if (!typesA.isEmpty() && !typesB.isEmpty() && areDisjoint(comparable(typesA), comparable(typesB))) {
            return true;
        }
        return typesA.equals(List.of("object")) && typesB.equals(List.of("object")) && haveMark(a, b);
    }

    private static List<String> types(Place place) {
        return place.schema().isObject() ? SchemaKeywords.types(place) : List.of();
    }

    private boolean haveMark(Place a, Place b) {
        Set<String> names = new LinkedHashSet<>(SchemaKeywords.required(a));
        names.retainAll(SchemaKeywords.required(b));
        return names.stream().anyMatch(name -> {
            Optional<Set<String>> valuesA = fixed(property(a, name));
            Optional<Set<String>> valuesB = fixed(property(b, name));
            return valuesA.isPresent() && valuesB.isPresent() && areDisjoint(valuesA.get(), valuesB.get());
        });
    }

    private Place property(Place place, String name) {
        Place all = place.child("properties", place.schema().path("properties"));
        return conjunction.simplified(all.child(name, all.schema().path(name)));
    }

    private static Optional<Set<String>> fixed(Place place) {
        if (!place.schema().has("enum") && !place.schema().has("const")) {
            return Optional.empty();
        }
        return Optional.of(SchemaKeywords.comparable(SchemaKeywords.fixedValues(place)));
    }

    private static Set<String> comparable(List<String> types) {
        Set<String> set = new HashSet<>(types);
        if (set.remove("integer")) {
            set.add("number");
        }
        return set;
    }

    private static boolean areDisjoint(Set<String> a, Set<String> b) {
        return a.stream().noneMatch(b::contains);
    }
}
