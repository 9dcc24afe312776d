package dev.troupe.model.sampling;

import dev.troupe.model.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Natural log-probabilities of the model itself: the log of the softmax of raw logits, before temperature and
 * penalties. Summed in float64 over ascending token ids, so equal logits give equal log-probabilities wherever they
 * were computed.
 */
public final class LogProbs {
    /** A token and its natural log-probability. */
    public record TokenLogProb(int token, double logProb) {}

    private LogProbs() {}

    /**
     * Log-probability of {@code token} in row {@code row}.
     *
     * @param logits [rows, V]
     */
    public static double logProb(Tensor logits, int row, int token) {
        return logits.get(base(logits, row) + token) - logSumExp(logits, row);
    }

    /** The {@code count} most probable tokens, best first; of equal ones the lower id first. */
    public static List<TokenLogProb> top(Tensor logits, int row, int count) {
        int vocab = logits.dim(1);
        long base = base(logits, row);
        Comparator<TokenLogProb> worstFirst = Comparator.comparingDouble(TokenLogProb::logProb)
                .thenComparing(TokenLogProb::token, Comparator.reverseOrder());
        PriorityQueue<TokenLogProb> best = new PriorityQueue<>(worstFirst);
        double logSumExp = logSumExp(logits, row);
        for (int token = 0; token < vocab; token++) {
            double logProb = logits.get(base + token) - logSumExp;
            TokenLogProb worst = best.peek();
            if (best.size() < count) {
                best.add(new TokenLogProb(token, logProb));
            } else if (worst != null && logProb > worst.logProb()) {
                best.poll();
                best.add(new TokenLogProb(token, logProb));
            }
        }
        List<TokenLogProb> sorted = new ArrayList<>(best);
        sorted.sort(worstFirst.reversed());
        return sorted;
    }

    /** Log of the sum of exponentials of a row. */
    public static double logSumExp(Tensor logits, int row) {
        int vocab = logits.dim(1);
        long base = base(logits, row);
        float max = Float.NEGATIVE_INFINITY;
        for (int token = 0; token < vocab; token++) {
            max = Math.max(max, logits.get(base + token));
        }
        double sum = 0;
        for (int token = 0; token < vocab; token++) {
            sum += Math.exp((double) logits.get(base + token) - max);
        }
        return max + Math.log(sum);
    }

    private static long base(Tensor logits, int row) {
        return (long) row * logits.dim(1);
    }
}
