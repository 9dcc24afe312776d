package dev.troupe.actors.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

class ServedTokenizerTest {
    private static final Tokenizer TOKENIZER = CharTokenizer.train("hello world");

    @Test
    void isItselfWhereItWasLoaded() {
        assertThat(ServedTokenizer.of(TOKENIZER).tokenizer()).isSameAs(TOKENIZER);
    }

    @Test
    void isMadeOfItsTextOnceOnAnotherNode() {
        ServedTokenizer there =
                ServedTokenizer.parsed(ServedTokenizer.of(TOKENIZER).json());
        Tokenizer tokenizer = there.tokenizer();
        assertThat(tokenizer.encode("hello")).isEqualTo(TOKENIZER.encode("hello"));
        assertThat(there.tokenizer()).isSameAs(tokenizer);
        assertThat(there).isEqualTo(ServedTokenizer.of(TOKENIZER)).hasSameHashCodeAs(ServedTokenizer.of(TOKENIZER));
        assertThat(there)
                .isNotEqualTo(ServedTokenizer.of(CharTokenizer.train("other")))
                .isNotEqualTo(TOKENIZER);
    }

    @Test
    void aTextThatIsNoTokenizerIsNamed() {
        ServedTokenizer broken = ServedTokenizer.parsed("{}");
        assertThatThrownBy(broken::tokenizer)
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("tokenizer");
    }
}
