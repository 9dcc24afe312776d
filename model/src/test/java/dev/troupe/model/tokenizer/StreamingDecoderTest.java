package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Parts of characters wait; bytes that are no text are U+FFFD; a cut end is flushed. */
class StreamingDecoderTest {
    private static final ByteLevelBpe GPT2 = Vocabularies.gpt2();
    private final StreamingDecoder stream = new StreamingDecoder(GPT2);

    @Test
    void aCharacterOfSeveralTokensComesOutWhole() {
        byte[] thumbsUp = "\uD83D\uDC4D".getBytes(StandardCharsets.UTF_8);
        assertThat(append(thumbsUp[0])).isEmpty();
        assertThat(append(thumbsUp[1])).isEmpty();
        assertThat(append(thumbsUp[2])).isEmpty();
        assertThat(append(thumbsUp[3])).isEqualTo("\uD83D\uDC4D");
        assertThat(stream.flush()).isEmpty();
    }

    @Test
    void aCutCharacterIsReplacedAtTheEnd() {
        assertThat(append((byte) 'a')).isEqualTo("a");
        assertThat(append((byte) 0xE2)).isEmpty();
        assertThat(append((byte) 0x82)).isEmpty();
        assertThat(stream.flush()).isEqualTo("\uFFFD");
        assertThat(stream.flush()).isEmpty();
    }

    @Test
    void whatCannotBecomeACharacterIsReplacedAtOnce() {
        assertThat(append((byte) 0xFF)).isEqualTo("\uFFFD");
        assertThat(append((byte) 0x80)).isEqualTo("\uFFFD");
        assertThat(append((byte) 0xC0)).isEqualTo("\uFFFD");
        assertThat(append((byte) 0xE2)).isEmpty();
        assertThat(append((byte) 'x')).isEqualTo("\uFFFDx");
    }

    /** A surrogate's three bytes are three errors, one by one and together. */
    @Test
    void surrogatesAreNoCharacters() {
        assertThat(append((byte) 0xED)).isEmpty();
        assertThat(append((byte) 0xA0)).isEqualTo("\uFFFD\uFFFD");
        assertThat(append((byte) 0x80)).isEqualTo("\uFFFD");
        byte[] surrogate = {'a', (byte) 0xED, (byte) 0xA0, (byte) 0x80, 'b'};
        assertThat(GPT2.decode(GPT2.encode(surrogate))).isEqualTo("a\uFFFD\uFFFD\uFFFDb");
    }

    @Test
    void specialTokensHaveNoText() {
        assertThat(stream.append(GPT2.endOfText())).isEmpty();
    }

    private String append(byte b) {
        return stream.append(GPT2.encode(new byte[] {b})[0]);
    }
}
