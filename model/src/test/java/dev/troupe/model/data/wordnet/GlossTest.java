package dev.troupe.model.data.wordnet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The irregularities that WordNet's glosses have, on made-up text. */
class GlossTest {
    private static void requireGloss(String gloss, List<String> definitions, List<String> examples) {
        assertThat(Gloss.parse(gloss)).isEqualTo(new Gloss(definitions, examples));
    }

    @Test
    void severalDefinitions() {
        requireGloss("a round thing; a thing that rolls  ", List.of("a round thing", "a thing that rolls"), List.of());
    }

    @Test
    void examplesAndDefinitions() {
        requireGloss(
                "a round thing; \"it rolls\"; \"they roll\"",
                List.of("a round thing"),
                List.of("\"it rolls\"", "\"they roll\""));
    }

    @Test
    void semicolonInsideQuotation() {
        requireGloss("weak; \"it fell; I rose\"; \"so\"", List.of("weak"), List.of("\"it fell; I rose\"", "\"so\""));
    }

    @Test
    void authorsAreWrittenOneWay() {
        requireGloss(
                "bold; \"one\"- A. Writer; \"two\" --B. Writer; \"three\" -C. Writer; \"four\" D.Writer; \"five\" (Writer)",
                List.of("bold"),
                List.of(
                        "\"one\" - A. Writer",
                        "\"two\" - B. Writer",
                        "\"three\" - C. Writer",
                        "\"four\" - D.Writer",
                        "\"five\" (Writer)"));
    }

    @Test
    void quotedWordsInsideADefinition() {
        requireGloss("the sound of \"oh\" or `ah'", List.of("the sound of \"oh\" or 'ah'"), List.of());
    }

    @Test
    void remarkThatBeginsWithAQuotedWord() {
        requireGloss("paper; \"pad\" is a British term", List.of("paper", "\"pad\" is a British term"), List.of());
    }

    @Test
    void forgottenSemicolons() {
        requireGloss("hot; \"one\" \"two\", \"three\"", List.of("hot"), List.of("\"one\"", "\"two\"", "\"three\""));
    }

    @Test
    void strayPunctuationGoes() {
        requireGloss("a  thing.; ; :", List.of("a thing"), List.of());
    }

    @Test
    void unbalancedQuotationMarkLosesNothing() {
        requireGloss("a board 12\" long; \"nail it\"", List.of("a board 12\" long"), List.of("\"nail it\""));
        requireGloss("hot; \"one; two", List.of("hot", "two"), List.of("\"one\""));
    }

    @Test
    void nothing() {
        requireGloss("", List.of(), List.of());
    }
}
