package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Characters as tokens. */
class CharTokenizerTest {
    @Test
    void shakespeareHas65Symbols() throws IOException {
        Path file = SharedData.find("text/tinyshakespeare.txt");
        String text = Files.readString(file);
        CharTokenizer tokenizer = CharTokenizer.train(text);
        assertThat(tokenizer.vocabSize()).isEqualTo(65);
        int[] ids = tokenizer.encode(text);
        assertThat(ids).hasSize(1_115_394);
        // nanoGPT's table: newline 0, space 1, ... z 64.
        assertThat(tokenizer.encode("\n z")).containsExactly(0, 1, 64);
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
    }

    @Test
    void idsAreInCodePointOrder() {
        CharTokenizer tokenizer = CharTokenizer.train("\uD83D\uDC4Dba\u00E9a");
        assertThat(tokenizer.encode("ab\u00E9\uD83D\uDC4D")).containsExactly(0, 1, 2, 3);
        assertThat(tokenizer.endOfText()).isEqualTo(Tokenizer.NO_TOKEN);
        assertThat(tokenizer.beginOfText()).isEmpty();
    }

    @Test
    void unknownCharactersAndEmptyTextAreExplained() {
        assertThatThrownBy(() -> CharTokenizer.train("abc").encode("a\u00E9"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("\u00E9")
                .hasMessageContaining("U+00E9");
        assertThatThrownBy(() -> CharTokenizer.train(""))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("empty");
    }
}
