package dev.troupe.model.transformer;

import dev.troupe.model.parallel.TensorShard;
import java.util.ArrayList;
import java.util.List;

/**
 * A part of a parameter of the whole model: some of its rows, or some of its columns, in order. A vector is a matrix
 * with one column.
 *
 * @param rows of the whole parameter
 * @param columns of the whole parameter
 * @param rowRanges which rows
 * @param firstColumn of the part
 * @param endColumn of the part
 */
public record ParameterSlice(int rows, int columns, List<RowRange> rowRanges, int firstColumn, int endColumn) {
    /** Rows [from, to). */
    public record RowRange(int from, int to) {}

    public ParameterSlice {
        rowRanges = List.copyOf(rowRanges);
    }

    /** All of it. */
    static ParameterSlice whole(int rows, int columns) {
        return new ParameterSlice(rows, columns, List.of(new RowRange(0, rows)), 0, columns);
    }

    /** A shard's rows of each of several parts that lie one below the other (output rows of [q; k; v]). */
    static ParameterSlice rows(List<Integer> parts, int columns, TensorShard shard) {
        List<RowRange> ranges = new ArrayList<>();
        int at = 0;
        for (int part : parts) {
            ranges.add(new RowRange(at + shard.begin(part), at + shard.end(part)));
            at += part;
        }
        return new ParameterSlice(at, columns, ranges, 0, columns);
    }

    /** A shard's columns (inputs of a row-split layer). */
    static ParameterSlice columns(int rows, int columns, TensorShard shard) {
        return new ParameterSlice(
                rows, columns, List.of(new RowRange(0, rows)), shard.begin(columns), shard.end(columns));
    }

    /** Whether nothing is missing. */
    public boolean isWhole() {
        return partRows() == rows && partColumns() == columns;
    }

    public int partRows() {
        int sum = 0;
        for (RowRange range : rowRanges) {
            sum += range.to() - range.from();
        }
        return sum;
    }

    public int partColumns() {
        return endColumn - firstColumn;
    }

    /** Takes runs of neighbours: {@code length} elements at {@code part} of the part are those at {@code whole}. */
    @FunctionalInterface
    public interface RunReader {
        void read(long part, long whole, int length);
    }

    /** Shows where the elements lie in the whole parameter, in order, as few runs as there are. */
    public void forEachRun(RunReader reader) {
        long at = 0;
        int width = partColumns();
        for (RowRange range : rowRanges) {
            if (width == columns) {
                int length = Math.multiplyExact(range.to() - range.from(), columns);
                reader.read(at, (long) range.from() * columns, length);
                at += length;
            } else {
                for (int row = range.from(); row < range.to(); row++) {
                    reader.read(at, (long) row * columns + firstColumn, width);
                    at += width;
                }
            }
        }
    }
}
