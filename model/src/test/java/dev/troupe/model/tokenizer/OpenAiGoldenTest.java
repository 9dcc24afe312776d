package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** cl100k's and o200k's ids: tiktoken's published examples, and jtokkit on random text. */
class OpenAiGoldenTest {
    private static final ByteLevelBpe CL100K = Vocabularies.cl100k();
    private static final ByteLevelBpe O200K = Vocabularies.o200k();

    @Test
    void publishedExamples() {
        assertThat(CL100K.encode("hello world")).containsExactly(15339, 1917);
        assertThat(CL100K.encode("rer")).containsExactly(38149);
        assertThat(CL100K.encode("'rer")).containsExactly(2351, 81);
        assertThat(CL100K.encode("today\n \n")).containsExactly(31213, 27907);
        assertThat(CL100K.encode("\uD83D\uDC4D")).containsExactly(9468, 239, 235);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void agreesWithJtokkitOnRandomText(long seed) {
        compare(CL100K, Vocabularies.jtokkit(EncodingType.CL100K_BASE), seed);
        compare(O200K, Vocabularies.jtokkit(EncodingType.O200K_BASE), seed);
    }

    private static void compare(ByteLevelBpe ours, Encoding jtokkit, long seed) {
        var random = RandomText.random(seed);
        for (int i = 0; i < 300; i++) {
            String text = RandomText.text(random, 1 + random.nextInt(40));
            assertThat(ours.encode(text))
                    .as("%s, seed %d, text %d", jtokkit.getName(), seed, i)
                    .isEqualTo(jtokkit.encodeOrdinary(text).toArray());
        }
    }
}
