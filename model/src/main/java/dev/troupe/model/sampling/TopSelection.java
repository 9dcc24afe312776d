package dev.troupe.model.sampling;

/**
 * Finds how far down the tokens a top-k or top-p set reaches, by quickselect (Hoare, CACM 1961): linear time on
 * average. Tokens are ordered by falling weight, equal weights by rising id, so the answer is unique. Tokens without
 * weight do not count.
 */
final class TopSelection {
    private final int[] order;

    TopSelection(int size) {
        this.order = new int[size];
    }

    /** The last of the {@code count} >= 1 first tokens, or of all when there are fewer. */
    int byCount(double[] weights, int count) {
        int from = 0;
        int to = orderPositive(weights);
        int wanted = Math.min(count, to);
        while (to - from > 1) {
            int pivot = partition(weights, from, to);
            if (pivot + 1 == wanted) {
                return order[pivot];
            } else if (pivot >= wanted) {
                to = pivot;
            } else {
                from = pivot + 1;
            }
        }
        return order[from];
    }

    /** The last token of the shortest run from the first whose weights sum to at least {@code target}. */
    int byWeight(double[] weights, double target) {
        int from = 0;
        int to = orderPositive(weights);
        double missing = target; // of the sum that tokens from `from` on must reach
        while (to - from > 1) {
            int pivot = partition(weights, from, to);
            double before = 0;
            for (int i = from; i < pivot; i++) {
                before += weights[order[i]];
            }
            if (before >= missing && pivot > from) {
                to = pivot;
            } else if (before + weights[order[pivot]] >= missing || pivot + 1 == to) {
                return order[pivot];
            } else {
                missing -= before + weights[order[pivot]];
                from = pivot + 1;
            }
        }
        return order[from];
    }

    /** Starts with the tokens that have any weight, in order of id; returns how many there are. */
    private int orderPositive(double[] weights) {
        int count = 0;
        for (int token = 0; token < weights.length; token++) {
            if (weights[token] > 0) {
                order[count++] = token;
            }
        }
        return count;
    }

    /** Partitions [from, to) around a median of three; returns the pivot's final place. */
    private int partition(double[] weights, int from, int to) {
        int pivot = medianOfThree(weights, order[from], order[(from + to) >>> 1], order[to - 1]);
        int left = from;
        int right = to - 1;
        while (true) {
            while (isBefore(weights, order[left], pivot)) {
                left++;
            }
            while (isBefore(weights, pivot, order[right])) {
                right--;
            }
            if (left >= right) {
                return left;
            }
            int swapped = order[left];
            order[left] = order[right];
            order[right] = swapped;
        }
    }

    private static int medianOfThree(double[] weights, int a, int b, int c) {
        if (isBefore(weights, a, b)) {
            if (isBefore(weights, b, c)) {
                return b;
            }
            return isBefore(weights, a, c) ? c : a;
        }
        if (isBefore(weights, a, c)) {
            return a;
        }
        return isBefore(weights, b, c) ? c : b;
    }

    private static boolean isBefore(double[] weights, int a, int b) {
        return weights[a] > weights[b] || (weights[a] == weights[b] && a < b);
    }
}
