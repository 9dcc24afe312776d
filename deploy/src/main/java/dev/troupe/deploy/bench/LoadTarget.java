package dev.troupe.deploy.bench;

import java.util.List;

/** Something that answers requests, many at a time. */
interface LoadTarget {
    /**
     * When an answer came.
     *
     * @param firstTokenNanos from the request to its first token
     * @param tokenNanos mean time from one of the further tokens to the next
     */
    record Answered(double firstTokenNanos, double tokenNanos) {
        static Answered of(long asked, long first, long last, int numTokens) {
            return new Answered(first - asked, numTokens < 2 ? 0 : (last - first) / (double) (numTokens - 1));
        }
    }

    /**
     * Answers all prompts with as many tokens each, {@code streams} at a time: when one is done, the next begins.
     *
     * @return in any order
     */
    List<Answered> answer(List<List<Integer>> prompts, int streams, int numTokens);
}
