package dev.troupe.model.format;

import java.util.List;

/** Names of tensors in messages. */
final class TensorNames {
    private static final int SHOWN = 5;

    private TensorNames() {}

    /** The first few of them. */
    static String some(List<String> names) {
        String first = String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
        int more = names.size() - SHOWN;
        return (names.size() == 1 ? "tensor " : "tensors ") + first + (more > 0 ? " and " + more + " more" : "");
    }
}
