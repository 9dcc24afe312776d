package dev.troupe.deploy.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/**
 * What a client of a soak asks about, in whatever form. Half of the questions are ever the same few, so that answers
 * can be compared; the others are new, so that caches have something to drop.
 *
 * @param number of one that is asked again and again
 * @param tokens a prompt
 * @param text another one
 * @param maxTokens of the answer
 */
record SoakQuestion(OptionalInt number, List<Integer> tokens, String text, int maxTokens, int seed) {
    private static final int REPEATED = 16;
    private static final int MOST_PROMPT = 64;
    private static final int MOST_ANSWER = 24;

    private static final int USERS = 3;

    /** Letters that any tokenizer of English knows. */
    private static final List<String> WORDS =
            List.of("the", "little", "dog", "went", "to", "a", "big", "house", "and", "saw", "some", "red", "flowers");

    /** The next one of a client. */
    static SoakQuestion draw(SplittableRandom random, int vocabSize, int contextLength) {
        if (random.nextBoolean()) {
            int number = random.nextInt(REPEATED);
            return of(OptionalInt.of(number), new SplittableRandom(number), vocabSize, contextLength);
        }
        return of(OptionalInt.empty(), random, vocabSize, contextLength);
    }

    private static SoakQuestion of(OptionalInt number, SplittableRandom random, int vocabSize, int contextLength) {
        int most = Math.min(MOST_PROMPT, contextLength / 4);
        return new SoakQuestion(
                number,
                tokens(random, random.nextInt(1, most), vocabSize),
                text(random, most),
                random.nextInt(1, MOST_ANSWER),
                random.nextInt(Integer.MAX_VALUE));
    }

    /** Who asks. */
    String user() {
        return "user" + seed % USERS;
    }

    static List<Integer> tokens(SplittableRandom random, int count, int vocabSize) {
        return random.ints(count, 0, vocabSize).boxed().toList();
    }

    /** At most so many characters, of which each may be a token. */
    private static String text(SplittableRandom random, int most) {
        List<String> words = new ArrayList<>();
        for (int length = 0, goal = random.nextInt(1, most); length < goal; ) {
            String word = WORDS.get(random.nextInt(WORDS.size()));
            words.add(word);
            length += word.length() + 1;
        }
        String text = String.join(" ", words);
        return text.substring(0, Math.min(most, text.length()));
    }
}
