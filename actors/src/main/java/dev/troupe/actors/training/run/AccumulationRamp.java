package dev.troupe.actors.training.run;

/**
 * How many micro-batches a step has, as a function of the tokens that were trained on before it: from a few up to all,
 * linearly, as GPT-3's batch grew (arXiv:2005.14165, table 2.1 and appendix B). A pure function, so that a resumed run
 * goes on as it would have.
 *
 * @param from micro-batches of the first step; every step has a multiple of it, whatever the mesh
 * @param to micro-batches at the end of the ramp and after it, such a multiple
 * @param tokens after which there are {@code to}; 0 for no ramp
 */
public record AccumulationRamp(int from, int to, long tokens) {
    public AccumulationRamp {
        if (from < 1 || tokens < 0 || to % from != 0) {
            throw new IllegalArgumentException("no ramp from " + from + " to " + to + " micro-batches");
        }
    }

    /** The same number always. */
    public static AccumulationRamp constant(int microBatches) {
        return new AccumulationRamp(microBatches, microBatches, 0);
    }

    /** Whether steps differ. */
    public boolean isRamp() {
        return tokens > 0 && from < to;
    }

    /** Micro-batches of a step before which so many tokens were trained on. */
    public int at(long trained) {
        if (!isRamp() || trained >= tokens) {
            return to;
        }
        return from + from * (int) (Math.multiplyExact(trained, (long) levels()) / tokens);
    }

    private int levels() {
        return to / from - 1;
    }

    /**
     * Tokens of the next steps.
     *
     * @param trained tokens before them
     * @param perMicroBatch tokens of a micro-batch
     */
    public long tokensOf(long steps, long trained, long perMicroBatch) {
        return walk(steps, Double.POSITIVE_INFINITY, trained, perMicroBatch).tokens();
    }

    /**
     * How many steps take the time of so many steps of {@code to} micro-batches, when time grows with micro-batches.
     *
     * @param trained tokens before them
     * @param perMicroBatch tokens of a micro-batch
     */
    public long stepsOf(long fullSteps, long trained, long perMicroBatch) {
        return walk(Long.MAX_VALUE, (double) fullSteps * to, trained, perMicroBatch)
                .steps();
    }

    private record Walk(long steps, long tokens) {}

    /** Goes on for so many steps or micro-batches, whichever ends first: level by level, for a ramp may be long. */
    private Walk walk(long steps, double microBatches, long trained, long perMicroBatch) {
        long taken = 0;
        long now = trained;
        double left = microBatches;
        while (true) {
            int size = at(now);
            long perStep = size * perMicroBatch;
            long here = Math.min(steps - taken, (long) Math.min(left / size, Long.MAX_VALUE));
            boolean last = size == to;
            if (!last) {
                long level = (long) size / from;
                long end = Math.ceilDiv(level * tokens, (long) levels());
                here = Math.min(here, Math.ceilDiv(end - now, perStep));
            }
            taken += here;
            now += here * perStep;
            left -= (double) here * size;
            if (last || taken >= steps || left < at(now)) {
                return new Walk(taken, now - trained);
            }
        }
    }
}
