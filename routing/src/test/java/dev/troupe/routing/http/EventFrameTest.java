package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A frame that is made of parts has the bytes of one that is written whole. */
class EventFrameTest {
    private static final String MARK = "cmpl-1/text";

    private static ObjectNode object(String text) {
        var object = Json.object().put("id", "cmpl-1").put("model", "a \"quoted\" {text} \u00e9");
        object.putArray("choices").addObject().put("text", text).putNull("logprobs");
        return object.putNull("usage");
    }

    @Test
    void everyCharacterIsWrittenAsInAWholeObject() {
        var frame = EventFrame.around(MARK, object(MARK));
        for (int codePoint = 0; codePoint <= 0x3000; codePoint++) {
            var text = "a" + Character.toString(codePoint) + "b";
            assertThat(frame.with(text)).as("U+%04X", codePoint).isEqualTo(EventFrame.of(object(text)));
        }
        assertThat(frame.with("")).isEqualTo(EventFrame.of(object("")));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void randomTextsAreWrittenAsInAWholeObject(long seed) {
        var random = new SplittableRandom(seed);
        var frame = EventFrame.around(MARK, object(MARK));
        for (int i = 0; i < 200; i++) {
            var text = new StringBuilder();
            for (int n = random.nextInt(40); n > 0; n--) {
                int codePoint = random.nextInt(Character.MAX_CODE_POINT + 1);
                boolean half = codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
                text.appendCodePoint(half ? '"' : codePoint);
            }
            assertThat(frame.with(text.toString()))
                    .as("seed %d, text %d", seed, i)
                    .isEqualTo(EventFrame.of(object(text.toString())));
        }
    }

    @Test
    void aMarkMustBeThereOnce() {
        assertThatThrownBy(() -> EventFrame.around("cmpl-2/text", object("x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cmpl-2/text");
        assertThatThrownBy(() -> EventFrame.around("cmpl-1", object("cmpl-1")))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
