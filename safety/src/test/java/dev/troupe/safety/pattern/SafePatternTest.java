package dev.troupe.safety.pattern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import java.time.Duration;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The automaton against java.util.regex, whose syntax contains ours. */
class SafePatternTest {
    /** The first match to end: where it begins and ends, or null. */
    private static String scan(SafePattern pattern, String text) {
        PatternScan scan = new PatternScan(pattern);
        for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
            int start = scan.next(text.codePointAt(at), at);
            if (start != PatternScan.NO_MATCH) {
                return start + ".." + at;
            }
        }
        int start = scan.end();
        return start == PatternScan.NO_MATCH ? "none" : start + ".." + text.length();
    }

    private static String reference(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text).useTransparentBounds(true);
        for (int end = 1; end <= text.length(); end++) {
            for (int start = 0; start < end; start++) {
                if (matcher.region(start, end).matches()) {
                    return start + ".." + end;
                }
            }
        }
        return "none";
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ab",
                "a{2,4}b",
                "(?:ab|ba){2}",
                "\\bab\\b",
                "[ab]{1,3}c",
                "[^a-b]c?d",
                "a(b|c(d|a)?){0,3}d",
                "\\w{2,3}\\s\\w",
                ".b.",
                "(a|ab)(c|bcd)",
                "\\d\\D\\d",
                "\\b(a|b){1,2}\\b c",
                "(a?){3}b"
            })
    void findsWhatJavaUtilRegexFinds(String source) {
        SafePattern pattern = SafePattern.regex(source, false);
        Pattern reference = Pattern.compile(source, Pattern.DOTALL);
        Random random = new Random(11);
        for (int i = 0; i < 400; i++) {
            StringBuilder text = new StringBuilder();
            int length = random.nextInt(14);
            for (int j = 0; j < length; j++) {
                text.append("aabbccd 1".charAt(random.nextInt(9)));
            }
            assertThat(scan(pattern, text.toString()))
                    .as("%s in '%s', text %d of seed 11", source, text, i)
                    .isEqualTo(reference(reference, text.toString()));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "a*, no upper limit",
        "a+, no upper limit",
        "'a{2,}', upper limit",
        "'a{3,2}', repeats nothing",
        "a{1001}, too many",
        "(a{1000}){1000}, too large",
        "^a, not supported",
        "a$, not supported",
        "(a, is missing",
        "a), closes nothing",
        "[a, ends too early",
        "[b-a], later one",
        "\\1, not supported",
        "(?=a)b, only group",
        "a?, matches the empty text",
        "\\b, matches the empty text",
        "'', matches the empty text",
        "a\\, ends too early"
    })
    void saysWhatIsWrongWithAPattern(String source, String message) {
        assertThatThrownBy(() -> SafePattern.regex(source, false))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(message);
    }

    @Test
    void ignoresCaseWhenAsked() {
        assertThat(scan(SafePattern.literal("Straße", true), "in der STRAßE 7")).isEqualTo("7..13");
        assertThat(scan(SafePattern.regex("[a-f]{2}", true), "xxAFx")).isEqualTo("2..4");
        assertThat(scan(SafePattern.literal("abc", false), "xABC")).isEqualTo("none");
    }

    @Test
    void aCharacterOutsideTheBasicPlaneIsOneCharacter() {
        assertThat(scan(SafePattern.regex("x.y", false), "x\uD83D\uDC4Dy")).isEqualTo("0..4");
    }

    /** What makes a backtracking engine take exponential time takes linear time here. */
    @Test
    @Timeout(20)
    void isNotSlowedDownByAnyText() {
        SafePattern pattern = SafePattern.regex("((a?){30}){30}b", false);
        String text = "a".repeat(20_000);
        long start = System.nanoTime();
        assertThat(scan(pattern, text)).isEqualTo("none");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
    }
}
