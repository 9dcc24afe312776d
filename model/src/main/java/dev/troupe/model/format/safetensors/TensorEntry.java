package dev.troupe.model.format.safetensors;

import java.util.List;

/**
 * One line of the header, already checked against the file.
 *
 * @param begin first byte, counted from the end of the header
 * @param end byte after the last one
 */
public record TensorEntry(String name, TensorDtype dtype, List<Integer> shape, long begin, long end) {
    public TensorEntry {
        shape = List.copyOf(shape);
    }

    /** Number of elements. */
    public long size() {
        return (end - begin) / dtype.bytes();
    }
}
