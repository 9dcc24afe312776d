package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.PanelFormat.COLUMNS;
import static dev.troupe.model.kernel.quantized.PanelFormat.PAIR;
import static dev.troupe.model.kernel.quantized.PanelFormat.PIECE;

/** Reads weights that {@link VectorWeightProduct} packed. */
public final class PanelReader {
    /** Bytes of working memory. */
    public static final long TABLE_BYTES = PanelFormat.TABLE_BYTES;

    private PanelReader() {}

    /**
     * Writes inputs [from, from + depth) of some columns as float32, one row of columns for each input.
     *
     * @param column a multiple of 32
     * @param columns are rounded up to a multiple of 32
     * @param from a multiple of 256
     * @param table address of working memory
     * @param to address of [depth][...], rows {@code step} bytes apart
     */
    public static void read(
            PackedWeight w, int column, int columns, int from, int depth, long table, long to, long step) {
        PanelFormat format = PanelFormat.of(w.type());
        long panelBytes = format.bytes(w.k());
        for (int c = 0; c < columns; c += COLUMNS) {
            long panel = w.data().address() + (column + c) / COLUMNS * panelBytes;
            read(format, panel, from, depth, table, to + c * 4L, step);
        }
    }

    /** One panel. */
    static void read(PanelFormat format, long panel, int from, int depth, long table, long to, long step) {
        for (int at = 0; at < depth; at += PIECE) {
            int part = Math.min(PIECE, depth - at);
            long piece = panel + format.bytes(from + at);
            format.scales(part, piece, table);
            for (int column = 0; column < COLUMNS; column += PAIR) {
                format.unpack(part, piece, table, column, to + at * step + column * 4L, step);
            }
        }
    }
}
