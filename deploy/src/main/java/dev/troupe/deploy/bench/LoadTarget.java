package dev.troupe.deploy.bench;

import java.util.List;

/** Something that answers requests, many at a time. */
interface LoadTarget {
    /** When the requests of a load begin. */
    sealed interface Arrivals {
        /** So many at a time: when one is answered, the next begins. */
        record Closed(int streams) implements Arrivals {}

        /** Each at its time, in nanoseconds from the start of the load, however many are not answered yet. */
        record Open(List<Long> offsetNanos) implements Arrivals {}
    }

    /**
     * When an answer came.
     *
     * @param request its number among the prompts
     * @param askedNanos when it was due, by {@link System#nanoTime}, which is one clock for all processes of a machine
     * @param firstTokenNanos from when the request was due to its first token
     * @param tokenNanos mean time from one of the further tokens to the next
     * @param gapNanos each of these times, which their mean hides; 0 where tokens came together
     */
    record Answered(int request, long askedNanos, double firstTokenNanos, double tokenNanos, List<Long> gapNanos) {
        static Answered of(int request, long asked, TokenTimes times) {
            double token =
                    times.numTokens() < 2 ? 0 : (times.last() - times.first()) / (double) (times.numTokens() - 1);
            return new Answered(request, asked, times.first() - asked, token, times.gaps());
        }
    }

    /**
     * A load that is over.
     *
     * @param answers in any order
     * @param seconds from the first request to the last token
     * @param clientCpuSeconds processor time that asking took in processes other than this one
     */
    record Outcome(List<Answered> answers, double seconds, double clientCpuSeconds) {}

    /** Answers all prompts with as many tokens each. */
    Outcome answer(List<List<Integer>> prompts, Arrivals arrivals, int numTokens);
}
