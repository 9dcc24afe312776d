package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A tiny vocabulary: special tokens 0 to 2, byte tokens 3 to 258, then "a", "b", "\u2581" and two merges. */
class SentencePieceBpeTest {
    private static final int A = 259;
    private static final int SPACE_A = 262;
    private static final int SPACE_AB = 263;

    private static SentencePieceBpe tokenizer(boolean bytes, int unknown) {
        List<String> spellings = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) {
            spellings.add(bytes ? String.format("<0x%02X>", b) : "unused" + b);
        }
        spellings.addAll(List.of("a", "b", "\u2581", "\u2581a", "\u2581ab"));
        MergeTable merges = new MergeTable.Builder()
                .add(261, A, SPACE_A)
                .add(SPACE_A, 260, SPACE_AB)
                .build();
        SpecialTokens special = SpecialTokens.guessingEnd(Map.of("<unk>", 0, "<s>", 1, "</s>", 2), 1);
        return new SentencePieceBpe(spellings, merges, special, Metaspace.llama(true), unknown);
    }

    @Test
    void spacesArePartOfTheTokens() {
        SentencePieceBpe tokenizer = tokenizer(true, 0);
        assertThat(tokenizer.encode("ab aa")).containsExactly(SPACE_AB, SPACE_A, A);
        assertThat(tokenizer.decode(new int[] {1, SPACE_AB, SPACE_A, A, 2})).isEqualTo("ab aa");
        assertThat(tokenizer.tokenBytes(SPACE_AB)).isEqualTo(" ab".getBytes(StandardCharsets.UTF_8));
        assertThat(tokenizer.encode("")).isEmpty();
        assertThat(tokenizer.beginOfText()).contains(1);
        assertThat(tokenizer.endOfText()).isEqualTo(2);
    }

    @Test
    void charactersWithoutATokenAreBytes() {
        SentencePieceBpe tokenizer = tokenizer(true, 0);
        assertThat(tokenizer.encode("a\u00E9")).containsExactly(SPACE_A, 3 + 0xC3, 3 + 0xA9);
        StreamingDecoder stream = new StreamingDecoder(tokenizer);
        assertThat(stream.append(3 + 0xC3)).isEmpty();
        assertThat(stream.append(3 + 0xA9)).isEqualTo("\u00E9");
    }

    @Test
    void anyBytesSurvive() {
        SentencePieceBpe tokenizer = tokenizer(true, 0);
        for (long seed = 1; seed <= 200; seed++) {
            byte[] bytes = RandomText.bytes(RandomText.random(seed), 50);
            assertThat(tokenizer.decodeBytes(tokenizer.encode(bytes)))
                    .as("seed %d", seed)
                    .isEqualTo(bytes);
        }
    }

    @Test
    void withoutByteTokensARunOfUnknownCharactersIsOneToken() {
        assertThat(tokenizer(false, 0).encode("a\u00E9\uD83D\uDC4Da")).containsExactly(SPACE_A, 0, A);
        assertThatThrownBy(() -> tokenizer(false, Tokenizer.NO_TOKEN).encode("a\u00E9"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("\u00E9");
    }
}
