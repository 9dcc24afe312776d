package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.gguf.GgufMetadata;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Vocabularies ranked by scores, as tokenizer.json and as GGUF again: the same ids, where scores are equal too. */
class MergeRanksTest {
    private static final int TEXTS = 300;

    @ParameterizedTest
    @CsvSource({"1, 200, 200", "2, 200, 40", "3, 300, 7", "4, 100, 1"})
    void theSameIdsInEachFormat(long seed, int numMerged, int numScores) {
        Tokenizer original = ScoredVocabulary.tokenizer(seed, numMerged, numScores);
        Tokenizer json = TokenizerJson.parse(TokenizerJson.toJson(original));
        Tokenizer wire = TokenizerJson.parse(TokenizerJson.toWire(original));
        Tokenizer gguf =
                GgufVocabulary.read(new GgufMetadata("back.gguf", GgufVocabularyWriter.write(json, json.vocabSize())));
        Tokenizer again = TokenizerJson.parse(TokenizerJson.toJson(gguf));
        var random = RandomText.random(seed);
        for (int i = 0; i < TEXTS; i++) {
            String text = ScoredVocabulary.text(random, random.nextInt(1, 250)); // beyond what the short merger takes
            int[] ids = original.encode(text);
            for (Tokenizer other : new Tokenizer[] {json, wire, gguf, again}) {
                assertThat(other.encode(text))
                        .as("seed %d, text %d: %s", seed, i, text)
                        .isEqualTo(ids);
            }
        }
        assertThat(TokenizerJson.toJson(again)).isEqualTo(TokenizerJson.toJson(original));
    }

    /** So that readers that know no ranks merge by score at least. */
    @Test
    void theListIsInOrderOfScores() throws IOException {
        JsonNode model = new JsonMapper()
                .readTree(TokenizerJson.toJson(ScoredVocabulary.tokenizer(5, 200, 40)))
                .path("model");
        JsonNode ranks = model.path(TokenizerJsonWriter.RANKS);
        assertThat(ranks.size()).isEqualTo(model.path("merges").size()).isGreaterThan(200);
        for (int i = 1; i < ranks.size(); i++) {
            assertThat(ranks.get(i).asInt())
                    .isGreaterThanOrEqualTo(ranks.get(i - 1).asInt());
        }
    }

    @Test
    void ranksThatAreNotThoseOfTheMergesAreRefused() throws IOException {
        ObjectNode root =
                (ObjectNode) new JsonMapper().readTree(TokenizerJson.toJson(ScoredVocabulary.tokenizer(6, 20, 3)));
        root.withObject("/model").putArray(TokenizerJsonWriter.RANKS).add(1);
        assertThatThrownBy(() -> TokenizerJson.parse(root.toString()))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("troupe_merge_ranks hasn't one rank for each merge");
    }
}
