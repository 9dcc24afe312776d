package dev.troupe.model.format.shards;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.transformer.ParameterSlice;
import dev.troupe.model.transformer.ParameterSlice.RowRange;
import dev.troupe.model.transformer.ParameterSlice.RunReader;
import java.util.ArrayList;
import java.util.List;

/**
 * Which elements of a whole parameter there are: some rows or columns, as the tensor axis splits it, and of their
 * elements in row-major order those of [from, to), as ZeRO splits that.
 *
 * <pre>{"shape": [67, 32], "rows": [[34, 67]], "columns": [0, 32], "elements": [512, 1056]}</pre>
 */
public record ShardPiece(ParameterSlice slice, long from, long to) {
    private static final JsonMapper JSON = new JsonMapper();

    public ShardPiece {
        if (from < 0 || to < from || to > size(slice)) {
            throw new IllegalArgumentException(
                    "elements [" + from + ", " + to + ") of a slice that has " + size(slice));
        }
    }

    /** All elements of a slice. */
    public static ShardPiece of(ParameterSlice slice) {
        return new ShardPiece(slice, 0, size(slice));
    }

    private static long size(ParameterSlice slice) {
        return (long) slice.partRows() * slice.partColumns();
    }

    /** Elements of the whole parameter. */
    public long wholeSize() {
        return (long) slice.rows() * slice.columns();
    }

    /** Number of elements. */
    public long length() {
        return to - from;
    }

    /** Shows where the elements lie in the whole parameter: {@code part} counts from {@link #from}. */
    void forEachRun(RunReader reader) {
        slice.forEachRun((part, whole, length) -> {
            long start = Math.max(part, from);
            long end = Math.min(part + length, to);
            if (start < end) {
                reader.read(start - from, whole + start - part, Math.toIntExact(end - start));
            }
        });
    }

    String toJson() {
        ObjectNode root = JSON.createObjectNode();
        root.putArray("shape").add(slice.rows()).add(slice.columns());
        ArrayNode rows = root.putArray("rows");
        slice.rowRanges().forEach(range -> rows.addArray().add(range.from()).add(range.to()));
        root.putArray("columns").add(slice.firstColumn()).add(slice.endColumn());
        root.putArray("elements").add(from).add(to);
        return root.toString();
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @throws TroupeException when it is anything else
     */
    static ShardPiece parse(String where, String json) {
        try {
            JsonNode root = JSON.readTree(json);
            long[] shape = pair(where, root.path("shape"));
            int rows = Math.toIntExact(shape[0]);
            int columns = Math.toIntExact(shape[1]);
            List<RowRange> ranges = new ArrayList<>();
            long before = 0;
            for (JsonNode range : root.path("rows")) {
                long[] ends = pair(where, range);
                requireWithin(where, before, ends, rows);
                before = ends[1];
                ranges.add(new RowRange((int) ends[0], (int) ends[1]));
            }
            long[] columnEnds = pair(where, root.path("columns"));
            requireWithin(where, 0, columnEnds, columns);
            long[] elements = pair(where, root.path("elements"));
            ParameterSlice slice = new ParameterSlice(rows, columns, ranges, (int) columnEnds[0], (int) columnEnds[1]);
            return new ShardPiece(slice, elements[0], elements[1]);
        } catch (JsonProcessingException e) {
            throw new TroupeException(where + " does not say which elements it has: " + e.getOriginalMessage(), e);
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw new TroupeException(where + " does not say which elements it has: " + e.getMessage(), e);
        }
    }

    private static long[] pair(String where, JsonNode node) {
        if (node.size() != 2
                || !node.path(0).canConvertToExactIntegral()
                || !node.path(1).canConvertToExactIntegral()) {
            throw new TroupeException(where
                    + " does not say which elements it has: a pair of whole numbers is missing or something else");
        }
        return new long[] {node.path(0).longValue(), node.path(1).longValue()};
    }

    private static void requireWithin(String where, long least, long[] ends, int most) {
        if (ends[0] < least || ends[1] < ends[0] || ends[1] > most) {
            throw new TroupeException(where + " does not say which elements it has: [" + ends[0] + ", " + ends[1]
                    + ") is not within [" + least + ", " + most + ")");
        }
    }
}
