package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.tokenizer.BpeTrainer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tokens that are no text by themselves keep apart. */
class TokenSpellingTest {
    @Test
    void partsOfCharactersAreSpelledByTheirBytes() {
        var tokenizer = BpeTrainer.train(List.of("hello"), 260, List.of(BpeTrainer.END_OF_TEXT), 1);
        int[] parts = tokenizer.encode("é");
        assertThat(parts).hasSize(2);
        assertThat(TokenSpelling.of(tokenizer, parts[0], "bytes:")).isEqualTo("bytes:\\xc3");
        assertThat(TokenSpelling.of(tokenizer, parts[1], "")).isEqualTo("\\xa9");
        assertThat(TokenSpelling.of(tokenizer, tokenizer.encode("h")[0], "bytes:"))
                .isEqualTo("h");
        assertThat(TokenSpelling.of(tokenizer, tokenizer.endOfText(), "")).isEqualTo(BpeTrainer.END_OF_TEXT);
    }
}
