package dev.troupe.model.chat;

import dev.troupe.model.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Tells special tokens of a template from text that is only spelled like them. Such text gets a character inside that
 * no text has (U+FDD0, which Unicode keeps for a program's own use), and loses it when it is encoded.
 */
final class SpecialMarks {
    private static final String BREAK = "\uFDD0";

    private final Tokenizer tokenizer;
    private final Map<String, Integer> ids;
    private final Pattern spellings;

    SpecialMarks(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        this.ids = tokenizer.specialTokens();
        this.spellings = Pattern.compile(ids.keySet().stream()
                .filter(spelling -> !spelling.isEmpty())
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|")));
    }

    /** Text that is no special token wherever it ends up. */
    String asText(String text) {
        String clean = text.replace(BREAK, "");
        if (ids.isEmpty()) {
            return clean;
        }
        return spellings
                .matcher(clean)
                .replaceAll(found -> Matcher.quoteReplacement(
                        found.group().substring(0, 1) + BREAK + found.group().substring(1)));
    }

    /** The tokens of what a template wrote. */
    int[] encode(String text) {
        IntStream.Builder out = IntStream.builder();
        Matcher matcher = spellings.matcher(text);
        int from = 0;
        while (!ids.isEmpty() && matcher.find()) {
            addText(text.substring(from, matcher.start()), out);
            out.add(Objects.requireNonNull(ids.get(matcher.group())));
            from = matcher.end();
        }
        addText(text.substring(from), out);
        return out.build().toArray();
    }

    private void addText(String text, IntStream.Builder out) {
        if (!text.isEmpty()) {
            Arrays.stream(tokenizer.encode(text.replace(BREAK, ""))).forEach(out::add);
        }
    }
}
