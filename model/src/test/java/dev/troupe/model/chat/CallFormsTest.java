package dev.troupe.model.chat;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.chat.ToolCallParser.Part;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.grammar.ConstrainedText;
import dev.troupe.model.grammar.JsonGrammar;
import dev.troupe.model.grammar.Spelling;
import dev.troupe.model.grammar.TokenTrie;
import dev.troupe.model.sampling.TokenMask;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Answers of chance under the forms of calls, in vocabularies that have the marks as special tokens and that do not.
 */
class CallFormsTest {
    private static final long SEED = 17;
    private static final int NUM_ANSWERS = 60;
    private static final int MOST = 3;
    private static final JsonMapper JSON = new JsonMapper();
    private static final String TEXT_SCHEMA = "{\"properties\":{\"said\":{\"type\":\"string\",\"maxLength\":5}},"
            + "\"required\":[\"said\"],\"additionalProperties\":false}";
    private static final List<Tool> TOOLS = List.of(
            Tool.function(
                    "look",
                    "",
                    "{\"type\":\"object\",\"properties\":{\"at\":{\"type\":\"string\",\"maxLength\":3}},"
                            + "\"required\":[\"at\"],\"additionalProperties\":false}"),
            Tool.function("stop", "", ""));

    private static Tokenizer tokenizer(boolean special) {
        List<String> texts = List.of(
                "<tool_call>{\"name\": \"look\", \"arguments\": {\"at\": \"x\"}}</tool_call>\n"
                        + "[TOOL_CALLS]stop[ARGS]{}[TOOL_CALLS] [{\"parameters\": {}}] <|python_tag|> {\"said\": \"<tool_call>\"}");
        List<String> specials = Stream.concat(
                        Stream.of(BpeTrainer.END_OF_TEXT), special ? ToolFormat.MARKS.stream() : Stream.of())
                .toList();
        return BpeTrainer.train(texts, 330, specials, 1);
    }

    /** The text of an answer whose tokens are drawn evenly from those that may come; marks as they are spelled. */
    private static String draw(Tokenizer tokenizer, ConstrainedText text, Random random) {
        StringBuilder answer = new StringBuilder();
        while (true) {
            TokenMask mask = text.allowed();
            List<Integer> allowed = new ArrayList<>();
            for (int token = 0; token < tokenizer.vocabSize(); token++) {
                // Blanks are allowed in many places and say nothing.
                byte[] bytes = tokenizer.tokenBytes(token);
                boolean blank = bytes.length > 0 && bytes[0] <= ' ' && bytes[0] >= 0;
                if (mask.allows(token) && (!blank || random.nextInt(8) == 0)) {
                    allowed.add(token);
                }
            }
            if (allowed.isEmpty()) {
                continue;
            }
            int token = allowed.get(random.nextInt(allowed.size()));
            if (tokenizer.endTokens().contains(token)) {
                return answer.toString();
            }
            text.append(token);
            answer.append(tokenizer.specialSpelling(token).orElseGet(() -> tokenizer.decode(new int[] {token})));
        }
    }

    private static List<String> names(List<Part> parts) {
        List<String> names = new ArrayList<>();
        for (Part part : parts) {
            if (part instanceof Part.Call call && !call.name().isEmpty()) {
                names.add(call.name());
            }
        }
        return names;
    }

    private static void checkArguments(List<Part> parts, String answer) throws Exception {
        for (int index = 0; index < names(parts).size(); index++) {
            StringBuilder arguments = new StringBuilder();
            for (Part part : parts) {
                if (part instanceof Part.Call call && call.index() == index) {
                    arguments.append(call.arguments());
                }
            }
            JsonNode value = JSON.readTree(arguments.toString());
            boolean look = names(parts).get(index).equals("look");
            assertThat(value.size()).as(answer).isEqualTo(look ? 1 : 0);
            assertThat(value.path("at").isTextual()).as(answer).isEqualTo(look);
        }
    }

    private static Set<Integer> drawForced(ToolFormat format, boolean special, int most) throws Exception {
        Tokenizer tokenizer = tokenizer(special);
        JsonGrammar grammar = JsonGrammar.compile(
                List.of(format.forcedCalls(TOOLS, most)), TokenTrie.of(Spelling.of(tokenizer, ToolFormat.MARKS)));
        Random random = new Random(SEED);
        Set<Integer> counts = new TreeSet<>();
        for (int i = 0; i < NUM_ANSWERS; i++) {
            String answer = draw(tokenizer, new ConstrainedText(grammar, tokenizer.endTokens()), random);
            ToolCallParser parser = ToolCallParser.ofCalls(format, Set.of("look", "stop"));
            List<Part> parts = new ArrayList<>(parser.append(answer));
            parts.addAll(parser.finish());
            assertThat(parts).as(answer).noneMatch(Part.Text.class::isInstance);
            assertThat(parser.numComplete()).isEqualTo(parser.numCalls());
            checkArguments(parts, answer);
            counts.add(parser.numCalls());
        }
        return counts;
    }

    @ParameterizedTest
    @EnumSource
    void aForcedAnswerHasAsManyCallsAsItMay(ToolFormat format) throws Exception {
        for (boolean special : new boolean[] {true, false}) {
            assertThat(drawForced(format, special, 1))
                    .as("%s, %s", format, special)
                    .containsExactly(1);
            if (format == ToolFormat.LLAMA) {
                assertThat(drawForced(format, special, MOST)).containsExactly(1);
            } else {
                assertThat(drawForced(format, special, MOST)).containsExactly(1, 2, 3);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void anAnswerIsCallsOrTextBySchema(ToolFormat format) throws Exception {
        for (boolean special : new boolean[] {true, false}) {
            Tokenizer tokenizer = tokenizer(special);
            List<AnswerForm> forms = new ArrayList<>(format.calls(TOOLS, MOST));
            forms.add(AnswerForm.json(TEXT_SCHEMA));
            JsonGrammar grammar = JsonGrammar.compile(forms, TokenTrie.of(Spelling.of(tokenizer, ToolFormat.MARKS)));
            Random random = new Random(SEED);
            int numTexts = 0;
            for (int i = 0; i < NUM_ANSWERS; i++) {
                String answer = draw(tokenizer, new ConstrainedText(grammar, tokenizer.endTokens()), random);
                ToolCallParser parser = ToolCallParser.ofEither(format, Set.of("look", "stop"));
                List<Part> parts = new ArrayList<>(parser.append(answer));
                parts.addAll(parser.finish());
                if (parser.numCalls() > 0) {
                    assertThat(parts).as(answer).noneMatch(Part.Text.class::isInstance);
                    checkArguments(parts, answer);
                } else {
                    numTexts++;
                    StringBuilder text = new StringBuilder();
                    parts.forEach(part -> text.append(((Part.Text) part).text()));
                    assertThat(text.toString()).isEqualTo(answer);
                    assertThat(JSON.readTree(answer).path("said").isTextual())
                            .as(answer)
                            .isTrue();
                }
            }
            assertThat(numTexts)
                    .as("texts of %d answers in %s", NUM_ANSWERS, format)
                    .isBetween(5, NUM_ANSWERS - 5);
        }
    }

    /** A mark that is a token comes as that token, where a mark is wanted and nowhere else. */
    @Test
    void aSpecialTokenIsNoPartOfText() {
        Tokenizer tokenizer = tokenizer(true);
        int open = tokenizer.specialToken("<tool_call>").orElseThrow();
        JsonGrammar grammar = JsonGrammar.compile(
                List.of(
                        AnswerForm.json("{\"type\":\"string\"}"),
                        AnswerForm.of(AnswerForm.Part.mark("<tool_call>"), AnswerForm.Part.json("{}"))),
                TokenTrie.of(Spelling.of(tokenizer, ToolFormat.MARKS)));
        ConstrainedText text = new ConstrainedText(grammar, tokenizer.endTokens());
        assertThat(text.allowed().allows(open)).isTrue();
        assertThat(text.allowed().allows(tokenizer.encode("<")[0])).isFalse();
        text.append(tokenizer.encode("\"")[0]);
        assertThat(text.allowed().allows(open)).isFalse();
        assertThat(text.allowed().allows(tokenizer.encode("<")[0])).isTrue();
        for (int token = 0; token < tokenizer.vocabSize(); token++) {
            byte[] bytes = tokenizer.tokenBytes(token);
            if (bytes.length == 1 && (bytes[0] & 0xFF) >= 0xF5) {
                assertThat(text.allowed().allows(token)).as("byte %x", bytes[0]).isFalse();
            }
        }
    }
}
