package dev.troupe.model.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The variable "loop" of one round. */
record Loop(List<@Nullable Object> items, int index, int depth) {
    @Nullable Object attribute(String name) {
        int size = items.size();
        return switch (name) {
            case "index" -> index + 1L;
            case "index0" -> (long) index;
            case "revindex" -> (long) (size - index);
            case "revindex0" -> size - index - 1L;
            case "first" -> index == 0;
            case "last" -> index == size - 1;
            case "length" -> (long) size;
            case "depth" -> depth + 1L;
            case "depth0" -> (long) depth;
            case "previtem" -> index > 0 ? items.get(index - 1) : new Undefined("previtem");
            case "nextitem" -> index + 1 < size ? items.get(index + 1) : new Undefined("nextitem");
            case "cycle" ->
                (Callable) arguments -> arguments.positional().isEmpty()
                        ? new Undefined("cycle")
                        : arguments
                                .positional()
                                .get(index % arguments.positional().size());
            default -> new Undefined("loop." + name);
        };
    }
}
