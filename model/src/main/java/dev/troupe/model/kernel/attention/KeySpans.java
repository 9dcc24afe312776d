package dev.troupe.model.kernel.attention;

/**
 * The order in which a query's sums run, the same in every form of attention here; positions are absolute in their
 * sequence.
 *
 * <p>Keys are taken in spans of {@link #SPAN}. A span's scores are chains of multiply-adds over the head dim; then the
 * running maximum is raised to the greatest score, what was summed so far is scaled down to it, and exponentials and
 * weighted values are added: the online softmax of FlashAttention (arXiv:2205.14135). The sum of exponentials runs in
 * as many sums as a vector has lanes, that of key j in number j % lanes. Spans form segments of {@link #SEGMENT} keys,
 * each summed from nothing; a row's segments are then merged in order, so that they may have been computed at the same
 * time. What a query does not see adds zero, or is left out.
 */
final class KeySpans {
    /** Keys that are scored at once: a multiple of a cache block and of the widest tile. */
    static final int SPAN = 64;

    /** Keys after which the sums start anew. */
    static final int SEGMENT = 512;

    /** Bytes of a row of scores. */
    static final long SCORE_ROW = SPAN * 4L;

    private KeySpans() {}

    /** Where keys and values of a span come from. */
    interface Source {
        /**
         * Fills keys [D][SPAN] and values [SPAN][padded D] with those at positions span · SPAN + [from, to). Columns of
         * keys up to the next whole vector are written too, with anything.
         *
         * @param from a multiple of {@link KvBlocks#BLOCK_TOKENS}
         */
        void load(int span, int from, int to, long keys, long values);
    }
}
