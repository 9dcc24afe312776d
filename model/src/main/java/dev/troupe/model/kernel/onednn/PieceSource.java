package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.vector.ScratchPool;

/**
 * An operand of a product as {@link TiledProduct} asks for it: pieces of up to {@link Bf16Panels#COLUMNS} rows of A or
 * columns of B, each written where tiles read it, or all of them there already.
 */
interface PieceSource {
    /** Address of row or column 0 where the operand is laid out, or 0. */
    default long laidOut() {
        return 0;
    }

    /**
     * Writes one piece, on any thread.
     *
     * @param first row or column, a multiple of {@link Bf16Panels#COLUMNS}
     * @param again whether the product has asked for this piece before
     */
    void layOut(int first, int count, boolean again, long to, ScratchPool scratch);

    /** An operand that is laid out. */
    static PieceSource at(long address) {
        return new PieceSource() {
            @Override
            public long laidOut() {
                return address;
            }

            @Override
            public void layOut(int first, int count, boolean again, long to, ScratchPool scratch) {
                throw new IllegalStateException("the operand is laid out");
            }
        };
    }
}
