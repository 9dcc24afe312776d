package dev.troupe.safety.filter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.safety.filter.Rule.Action;
import dev.troupe.safety.pattern.SafePattern;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamingFilterTest {
    private static final List<String> LETTERS = List.of("a", "b", "B", "c", " ", "1", "\uD83D\uDC4D", "é", "\uD83D");

    private static Rule literal(String id, String text, Action action) {
        return new Rule(id, "test", SafePattern.literal(text, true), action);
    }

    private static final RuleFilter FILTER = new RuleFilter(List.of(
            literal("word", "abcab", Action.BLOCK),
            literal("thumb", "\uD83D\uDC4D\uD83D\uDC4Da", Action.BLOCK),
            literal("seen", "ca", Action.FLAG),
            new Rule("digits", "test", SafePattern.regex("\\b1{3,4}\\b", true), Action.BLOCK),
            new Rule("mixed", "test", SafePattern.regex("b[ab]{2,3}1", true), Action.BLOCK)));

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anySplittingReleasesTheSameText(long seed) {
        Random random = new Random(seed);
        int numBlocked = 0;
        for (int i = 0; i < 400; i++) {
            StringBuilder builder = new StringBuilder();
            int length = random.nextInt(60);
            for (int j = 0; j < length; j++) {
                builder.append(LETTERS.get(random.nextInt(LETTERS.size())));
            }
            String text = builder.toString();
            StreamingFilter whole = FILTER.stream();
            String released = whole.append(text) + whole.finish();
            numBlocked += whole.isBlocked() ? 1 : 0;
            for (int cut = 0; cut < 5; cut++) {
                StreamingFilter pieces = FILTER.stream();
                StringBuilder shown = new StringBuilder();
                int at = 0;
                while (at < text.length()) {
                    int next = Math.min(text.length(), at + 1 + random.nextInt(1 << cut));
                    shown.append(pieces.append(text.substring(at, next)));
                    at = next;
                    assertThat(released).as("seed %d, text %d", seed, i).startsWith(shown.toString());
                }
                shown.append(pieces.finish());
                assertThat(shown.toString())
                        .as("'%s' of seed %d, text %d", text, seed, i)
                        .isEqualTo(released);
                assertThat(pieces.verdict()).as("seed %d, text %d", seed, i).isEqualTo(whole.verdict());
            }
            assertReleasedIsClean(text, released, whole.verdict(), "seed " + seed + ", text " + i);
        }
        assertThat(numBlocked).as("blocked texts of seed %d", seed).isBetween(5, 395);
    }

    private static void assertReleasedIsClean(String text, String released, Verdict verdict, String where) {
        // A border may need the character that followed in the full text, so judge the released text within it.
        switch (verdict) {
            case Verdict.Allowed allowed -> assertThat(released).as(where).isEqualTo(text);
            case Verdict.Blocked(var finding, var flagged) -> {
                assertThat(released).as(where).isEqualTo(text.substring(0, finding.start()));
                assertThat(text.substring(finding.start(), finding.end()))
                        .as(where)
                        .isNotEmpty();
            }
        }
        String lower = released.toLowerCase(java.util.Locale.ROOT);
        assertThat(lower).as(where).doesNotContain("abcab").doesNotContain("\uD83D\uDC4D\uD83D\uDC4Da");
        assertThat(lower).as(where).doesNotContainPattern("b[ab]{2,3}1");
    }

    @Test
    void aWordDoesNotLeakOverTheBordersOfTokens() {
        RuleFilter filter = new RuleFilter(List.of(literal("secret", "hunter2", Action.BLOCK)));
        StreamingFilter stream = filter.stream();
        assertThat(stream.append("the password is hu")).isEqualTo("the password is ");
        assertThat(stream.append("nt")).isEmpty();
        assertThat(stream.append("er")).isEmpty();
        assertThat(stream.append("2, keep it")).isEmpty();
        assertThat(stream.append(" safe")).isEmpty();
        assertThat(stream.finish()).isEmpty();
        assertThat(stream.verdict())
                .isEqualTo(new Verdict.Blocked(new Finding("secret", "test", 16, 23, 1.0), List.of()));
    }

    @Test
    void harmlessTextIsNotHeldBack() {
        RuleFilter filter = new RuleFilter(List.of(literal("secret", "hunter2", Action.BLOCK)));
        StreamingFilter stream = filter.stream();
        assertThat(stream.append("to be ")).isEqualTo("to be ");
        assertThat(stream.append("or not, hunt")).isEqualTo("or not, ");
        assertThat(stream.append("ing")).isEqualTo("hunting");
        assertThat(stream.finish()).isEmpty();
    }

    @Test
    void aWordAtTheVeryEndIsBlocked() {
        RuleFilter filter = new RuleFilter(List.of(literal("secret", "hunter2", Action.BLOCK)));
        StreamingFilter stream = filter.stream();
        assertThat(stream.append("hunter2")).isEmpty();
        assertThat(stream.finish()).isEmpty();
        assertThat(stream.isBlocked()).isTrue();
    }

    @Test
    void flagsPassAndAreReportedOnce() {
        RuleFilter filter = new RuleFilter(List.of(literal("mild", "darn", Action.FLAG)));
        StreamingFilter stream = filter.stream();
        assertThat(stream.append("Darn, dar")).isEqualTo("Darn, dar");
        assertThat(stream.append("n!")).isEqualTo("n!");
        assertThat(stream.finish()).isEmpty();
        assertThat(stream.verdict()).isEqualTo(new Verdict.Allowed(List.of(new Finding("mild", "test", 0, 4, 1.0))));
    }
}
