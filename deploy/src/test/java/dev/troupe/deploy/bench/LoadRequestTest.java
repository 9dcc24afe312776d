package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class LoadRequestTest {
    private static Map<Integer, Double> always(Tokenizer tokenizer, String characters) {
        return characters
                .chars()
                .mapToObj(c -> tokenizer.encode(Character.toString(c))[0])
                .collect(Collectors.toMap(token -> token, token -> 100.0));
    }

    @Test
    void onlyLettersAndDigitsOfAsciiAreAskedFor() {
        Tokenizer tokenizer = CharTokenizer.train("z!é 7漢\n");
        assertThat(LoadRequest.forPlainText(tokenizer).bias()).isEqualTo(always(tokenizer, "7z"));
    }

    @Test
    void eightTokensAreEnough() {
        Tokenizer tokenizer = CharTokenizer.train("abcdefghijkl");
        assertThat(LoadRequest.forPlainText(tokenizer).bias()).isEqualTo(always(tokenizer, "abcdefgh"));
    }

    @Test
    void aRequestTakesThemAlong() {
        LoadRequest request = LoadRequest.forPlainText(CharTokenizer.train("ab"));
        assertThat(request.of("id", List.of(0, 1), 4).sampling().logitBias()).isEqualTo(request.bias());
    }

    @Test
    void aVocabularyWithoutThemIsRefused() {
        Tokenizer tokenizer = CharTokenizer.train("漢字!");
        assertThatThrownBy(() -> LoadRequest.forPlainText(tokenizer))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("letters or digits");
    }
}
