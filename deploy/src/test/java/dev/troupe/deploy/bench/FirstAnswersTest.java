package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.routing.proto.Choice;
import dev.troupe.routing.proto.ChoiceFinished;
import dev.troupe.routing.proto.FinishReason;
import dev.troupe.routing.proto.GenerateChunk;
import dev.troupe.routing.proto.GenerateReply;
import dev.troupe.routing.proto.TextPiece;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A soak sees that an answer is another one, and not that its form is. */
class FirstAnswersTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static List<JsonNode> parsed(String... objects) throws IOException {
        List<JsonNode> parsed = new ArrayList<>();
        for (String object : objects) {
            parsed.add(JSON.readTree(object.replace('\'', '"')));
        }
        return parsed;
    }

    @Test
    void anotherAnswerIsAFault() throws Exception {
        FirstAnswers answers = new FirstAnswers();
        answers.check("tokens 1", "a");
        answers.check("tokens 2", "b");
        answers.check("tokens 1", "a");
        assertThatThrownBy(() -> answers.check("tokens 1", "b"))
                .isInstanceOf(IOException.class)
                .hasMessage("tokens 1 gave \"b\", the first time \"a\"");
    }

    @Test
    void theSameAnswerIsTheSameInEveryForm() throws Exception {
        String whole = ChoiceTexts.of(
                parsed("{'choices':[{'index':0,'text':'one two','logprobs':null,'finish_reason':'length'}]}"), 1);
        List<String> others = List.of(
                ChoiceTexts.of(
                        parsed(
                                "{'choices':[{'index':0,'text':'one','finish_reason':null}]}",
                                "{'choices':[{'index':0,'text':' two','finish_reason':null}]}",
                                "{'choices':[{'index':0,'text':'','finish_reason':'length'}]}"),
                        1),
                ChoiceTexts.of(
                        parsed("{'choices':[{'index':0,'message':{'content':'one two'},'finish_reason':'length'}]}"),
                        1),
                ChoiceTexts.of(
                        parsed(
                                "{'choices':[{'index':0,'delta':{'content':'one two'},'finish_reason':null}]}",
                                "{'choices':[{'index':0,'delta':{},'finish_reason':'length'}]}"),
                        1),
                ChoiceTexts.of(GenerateReply.newBuilder()
                        .addChoices(Choice.newBuilder()
                                .setText("one two")
                                .setFinishReason(FinishReason.FINISH_REASON_LENGTH))
                        .build()),
                ChoiceTexts.ofChunks(List.of(
                        GenerateChunk.newBuilder()
                                .setPiece(TextPiece.newBuilder().setText("one two"))
                                .build(),
                        GenerateChunk.newBuilder()
                                .setFinished(
                                        ChoiceFinished.newBuilder().setFinishReason(FinishReason.FINISH_REASON_LENGTH))
                                .build())));
        assertThat(others).allMatch(whole::equals);
    }

    @Test
    void aChoiceThatIsMissingOrHasNoEndIsAFault() throws Exception {
        List<JsonNode> objects = parsed("{'choices':[{'index':0,'text':'one','finish_reason':'stop'},"
                + "{'index':1,'text':'two','finish_reason':null}]}");
        assertThatThrownBy(() -> ChoiceTexts.of(objects, 1)).hasMessageContaining("2 choices instead of 1");
        assertThatThrownBy(() -> ChoiceTexts.of(objects, 2)).hasMessageContaining("has no end");
        assertThatThrownBy(() -> ChoiceTexts.of(objects, 3)).hasMessageContaining("choice 1 of 3");
    }

    /** Whoever draws it, and however much it has drawn before. */
    @Test
    void aNumberedQuestionIsAlwaysTheSame() {
        List<SoakQuestion> drawn = new ArrayList<>();
        for (int seed = 0; seed < 2; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < 200; i++) {
                drawn.add(SoakQuestion.draw(random, 512, 256));
            }
        }
        List<SoakQuestion> numbered =
                drawn.stream().filter(each -> each.number().isPresent()).toList();
        assertThat(numbered.stream().distinct().count())
                .isEqualTo(
                        numbered.stream().map(SoakQuestion::number).distinct().count());
        assertThat(numbered).hasSizeBetween(100, 300);
        assertThat(drawn).allSatisfy(each -> {
            assertThat(each.tokens()).isNotEmpty().allMatch(token -> token < 512);
            assertThat(each.text()).isNotBlank().hasSizeLessThanOrEqualTo(64);
        });
    }
}
