package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The scanners written by hand against the regular expressions that they stand for. */
class PreTokenizerTest {
    static Stream<Arguments> patternsAndSeeds() {
        return PreTokenizers.patterns().entrySet().stream()
                .flatMap(known -> LongStream.rangeClosed(1, 8)
                        .mapToObj(seed -> Arguments.of(known.getValue(), known.getKey(), seed)));
    }

    @ParameterizedTest
    @MethodSource("patternsAndSeeds")
    void cutsAsItsPatternDoes(PreTokenizer preTokenizer, String known, long seed) {
        // UNICODE_CHARACTER_CLASS makes \s the property White_Space, as in the engines the patterns were written for.
        Pattern pattern = Pattern.compile(known, Pattern.UNICODE_CHARACTER_CLASS);
        var random = RandomText.random(seed);
        for (int i = 0; i < 500; i++) {
            String text = RandomText.text(random, 1 + random.nextInt(40));
            assertThat(pieces(preTokenizer, text))
                    .as("%s, seed %d, text %d", preTokenizer.name(), seed, i)
                    .isEqualTo(matches(pattern, text));
        }
    }

    /** As the makers' own files have them: what a file says must be found by these very characters. */
    @Test
    void patternsAreThoseOfPublishedFiles() {
        String words = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
        String rest = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        assertThat(PreTokenizers.forPattern(words + "\\p{N}{1,3}" + rest)).contains(PreTokenizers.CL100K);
        assertThat(PreTokenizers.forPattern(words + "\\p{N}" + rest)).contains(PreTokenizers.QWEN2);
        assertThat(PreTokenizers.forPattern(
                        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"))
                .contains(PreTokenizers.GPT2);
    }

    private static List<String> pieces(PreTokenizer preTokenizer, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        List<String> pieces = new ArrayList<>();
        for (int from = 0; from < bytes.length; ) {
            int to = preTokenizer.next(bytes, from, bytes.length);
            pieces.add(new String(bytes, from, to - from, StandardCharsets.UTF_8));
            from = to;
        }
        return pieces;
    }

    private static List<String> matches(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        List<String> matches = new ArrayList<>();
        while (matcher.find()) {
            matches.add(matcher.group());
        }
        return matches;
    }
}
