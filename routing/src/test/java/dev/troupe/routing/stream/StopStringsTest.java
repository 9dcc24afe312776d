package dev.troupe.routing.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StopStringsTest {
    @Test
    void holdsBackOnlyWhatMayBecomeAStopString() {
        var stops = new StopStrings(List.of("END", "\n\n"));
        assertThat(stops.append("one E")).isEqualTo("one ");
        assertThat(stops.append("N")).isEmpty();
        assertThat(stops.append("T\n")).isEqualTo("ENT");
        assertThat(stops.append("two")).isEqualTo("\ntwo");
        assertThat(stops.append("EN")).isEmpty();
        assertThat(stops.append("D three")).isEmpty();
        assertThat(stops.matched()).isTrue();
        assertThat(stops.append("four") + stops.flush()).isEmpty();
    }

    @Test
    void whatWasHeldBackComesAtTheEnd() {
        var stops = new StopStrings(List.of("</s>"));
        assertThat(stops.append("a <")).isEqualTo("a ");
        assertThat(stops.append("/s")).isEmpty();
        assertThat(stops.flush()).isEqualTo("</s");
        assertThat(stops.matched()).isFalse();
    }

    @Test
    void aStopStringThatOverlapsItselfIsFound() {
        var stops = new StopStrings(List.of("aab"));
        assertThat(stops.append("a") + stops.append("a") + stops.append("a") + stops.append("b"))
                .isEqualTo("a");
        assertThat(stops.matched()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void theResultDoesNotDependOnHowTheTextIsCut(long seed) {
        var random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            var text = letters(random, 40);
            var stops = List.of(letters(random, 1 + random.nextInt(3)), letters(random, 2 + random.nextInt(4)));
            var whole = new StopStrings(stops);
            // One letter at a time is the definition: the stop string that is complete first.
            var expected = feed(whole, text, random, 1);
            for (int cut = 0; cut < 5; cut++) {
                var pieces = new StopStrings(stops);
                assertThat(feed(pieces, text, random, 7))
                        .as("seed %s, text %s, stops %s", seed, text, stops)
                        .isEqualTo(expected);
                assertThat(pieces.matched()).isEqualTo(whole.matched());
            }
        }
    }

    private static String feed(StopStrings stops, String text, Random random, int most) {
        var out = new StringBuilder();
        for (int at = 0; at < text.length(); ) {
            int length = Math.min(text.length() - at, 1 + random.nextInt(most));
            out.append(stops.append(text.substring(at, at + length)));
            at += length;
        }
        return out.append(stops.flush()).toString();
    }

    private static String letters(Random random, int length) {
        var text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(3)));
        }
        return text.toString();
    }
}
