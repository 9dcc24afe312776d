package dev.troupe.model.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Learns merges from word counts: again and again the most frequent adjacent pair becomes a token.
 *
 * <p>Only words that contain the merged pair are visited, and only their pairs' counts change. The queue holds counts
 * of the past: all other pairs only ever lose occurrences, so an outdated top is queued again with its present count.
 */
final class MergeLearner {
    /** A pair that occurs once teaches nothing. */
    private static final int MIN_COUNT = 2;

    private final WordCounts words;
    private final int[] starts; // [words]
    private final int[] lengths; // [words], in symbols
    private final int[] symbols; // all words' ids, one after another
    private final List<byte[]> tokens = new ArrayList<>();
    private final Map<String, Integer> idsByBytes = new HashMap<>();
    private final PairCounts pairs = new PairCounts();
    private final PairQueue queue = new PairQueue(pairs, tokens);
    private final IntList merges = new IntList(3 * 4096); // left, right, result

    MergeLearner(WordCounts words) {
        this.words = words;
        starts = new int[words.size()];
        lengths = new int[words.size()];
        int total = 0;
        for (int word = 0; word < words.size(); word++) {
            starts[word] = total;
            lengths[word] = words.length(word);
            total = Math.addExact(total, lengths[word]);
        }
        symbols = new int[total];
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        for (int word = 0; word < words.size(); word++) {
            for (int i = 0; i < lengths[word]; i++) {
                symbols[starts[word] + i] = words.byteAt(word, i);
                if (i > 0) {
                    int at = starts[word] + i;
                    pairs.addWord(pairs.add(symbols[at - 1], symbols[at], words.count(word)), word);
                }
            }
        }
        for (int pair = 0; pair < pairs.size(); pair++) {
            queue.push(pair);
        }
    }

    /** Merges until there are {@code numTokens} tokens, the 256 bytes included, or no pair occurs twice. */
    void learn(int numTokens) {
        while (tokens.size() < numTokens && !queue.isEmpty()) {
            int pair = queue.topPair();
            long queued = queue.topCount();
            queue.pop();
            long count = pairs.count(pair);
            if (count < MIN_COUNT || count > queued) {
                continue; // gone, or queued again when it grew
            }
            if (count < queued) {
                queue.push(pair);
                continue;
            }
            merge(pair);
        }
    }

    private void merge(int pair) {
        int left = pairs.left(pair);
        int right = pairs.right(pair);
        int result = token(left, right);
        merges.add(left);
        merges.add(right);
        merges.add(result);
        IntList containing = pairs.takeWords(pair);
        IntList touched = new IntList(16);
        for (int i = 0; i < containing.size(); i++) {
            mergeIn(containing.get(i), left, right, result, touched);
        }
        int[] grown = touched.toArray();
        Arrays.sort(grown);
        for (int i = 0; i < grown.length; i++) {
            if (i == 0 || grown[i] != grown[i - 1]) {
                queue.push(grown[i]);
            }
        }
    }

    /** The id of the joined token: a new one, unless another pair has given the same bytes before. */
    private int token(int left, int right) {
        byte[] a = tokens.get(left);
        byte[] b = tokens.get(right);
        byte[] joined = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, joined, a.length, b.length);
        Integer known = idsByBytes.putIfAbsent(new String(joined, StandardCharsets.ISO_8859_1), tokens.size());
        if (known != null) {
            return known;
        }
        tokens.add(joined);
        return tokens.size() - 1;
    }

    private void mergeIn(int word, int left, int right, int result, IntList touched) {
        int start = starts[word];
        int end = start + lengths[word];
        int first = start;
        while (first + 1 < end && (symbols[first] != left || symbols[first + 1] != right)) {
            first++;
        }
        if (first + 1 >= end) {
            return; // an earlier merge took the pair apart
        }
        long count = words.count(word);
        // The pairs from just before the first occurrence to the end: out with the old ones, in with the new.
        int from = Math.max(start, first - 1);
        for (int i = from; i + 1 < end; i++) {
            pairs.add(symbols[i], symbols[i + 1], -count);
        }
        int kept = first;
        for (int i = first; i < end; i++) {
            if (i + 1 < end && symbols[i] == left && symbols[i + 1] == right) {
                symbols[kept++] = result;
                i++;
            } else {
                symbols[kept++] = symbols[i];
            }
        }
        lengths[word] = kept - start;
        for (int i = from; i + 1 < kept; i++) {
            int added = pairs.add(symbols[i], symbols[i + 1], count);
            if (symbols[i] == result || symbols[i + 1] == result) {
                pairs.addWord(added, word);
                touched.add(added);
            }
        }
    }

    /** Bytes of each id: the 256 bytes, then one a new token. */
    List<byte[]> tokens() {
        return tokens;
    }

    /** Left, right and result of each merge, in order. */
    IntList merges() {
        return merges;
    }
}
