package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.vector.Lanes;

/**
 * Where the sums of a product go. All but the weight are addresses or, in bytes, a distance.
 *
 * @param scales of the rows of A
 * @param addend what the product is added to, laid out as C and perhaps C itself, or 0
 * @param bias a row that is added last, or 0
 * @param rowC distance from row to row of C
 */
public record Int8Result(Int8Weight w, long scales, long addend, long bias, long c, long rowC) {
    /**
     * Scales a tile of sums into C.
     *
     * @param sums of shifted numbers, in whole panels, rows {@code rowBytes} apart; may be overwritten
     */
    public void finish(int row, int rows, int column, int columns, long sums, long rowBytes) {
        long before = column * 4L;
        for (int r = 0; r < rows; r++) {
            long at = (row + r) * rowC + before;
            if (DotRows.RUNS && columns % Int8Weight.COLUMNS == 0 && addend == 0 && bias == 0) {
                DotRows.finish(
                        columns,
                        sums + r * rowBytes,
                        w.shifts().address() + before,
                        scales + (row + r) * 4L,
                        w.scales().address() + before,
                        c + at);
                continue;
            }
            Int8Rows.finish(
                    columns,
                    sums + r * rowBytes,
                    w.shifts().address() + before,
                    Lanes.get(scales + (row + r) * 4L),
                    w.scales().address() + before,
                    addend == 0 ? 0 : addend + at,
                    bias == 0 ? 0 : bias + before,
                    c + at);
        }
    }
}
