package dev.troupe.model.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.chat.ToolCallParser.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Calls in answers of all formats, however they are cut into pieces. */
class ToolCallParserTest {
    private static final long SEED = 11;

    /** Text and calls as one line: {@code text [name(arguments)] text}. */
    private static String shown(List<Part> parts) {
        StringBuilder text = new StringBuilder();
        int open = -1;
        for (Part part : parts) {
            switch (part) {
                case Part.Text(String more) -> {
                    if (open >= 0) {
                        text.append(")]");
                        open = -1;
                    }
                    text.append(more);
                }
                case Part.Call(int index, String name, String arguments) -> {
                    if (index != open) {
                        text.append(open >= 0 ? ")]" : "")
                                .append('[')
                                .append(name)
                                .append('(');
                        open = index;
                    }
                    text.append(arguments);
                }
            }
        }
        return text.append(open >= 0 ? ")]" : "").toString();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "HERMES#no call at all < > {}#no call at all < > {}",
                "HERMES#<tool_call>¶{\"name\": \"f\", \"arguments\": {\"a\": {\"b\": \"}\\\"\"}}}¶</tool_call>"
                        + "#[f({\"a\": {\"b\": \"}\\\"\"}})]",
                "HERMES#I look.¶<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>"
                        + "<tool_call>{\"name\":\"g\",\"arguments\":{\"x\":1}}</tool_call>#I look.[f({})][g({\"x\":1})]",
                "HERMES#<tool_call>{\"arguments\": {\"x\": 1}, \"name\": \"f\"}</tool_call> done#[f({\"x\": 1})] done",
                "HERMES#<tool_call>{\"name\": \"f\"}</tool_call>#[f({})]",
                "HERMES#<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"x\\\": 1}\"}</tool_call>#[f({\"x\": 1})]",
                "HERMES#<tool_call>{\"name\": \"f\", \"arguments\": {\"x\": [1, 2#[f({\"x\": [1, 2)]",
                "HERMES#<tool_call>{\"nam#<tool_call>{\"nam",
                "HERMES#a <tool_call> b#a<tool_call> b",
                "HERMES#<tool_#<tool_",
                "HERMES#<tool_call>{\"n\": 1}</tool_call>#<tool_call>{\"n\": 1}</tool_call>",
                "LLAMA#{\"name\": \"f\", \"parameters\": {\"x\": \"y\"}}#[f({\"x\": \"y\"})]",
                "LLAMA#<|python_tag|>{\"type\": \"function\", \"name\": \"g\", \"parameters\": {}}#[g({})]",
                "LLAMA#{\"name\": \"f\", \"parameters\": {}}; {\"name\": \"g\", \"parameters\": {}}#[f({})][g({})]",
                "LLAMA#{\"name\": \"unknown\", \"parameters\": {}}#{\"name\": \"unknown\", \"parameters\": {}}",
                "LLAMA#{\"answer\": 42}#{\"answer\": 42}",
                "LLAMA#Hello {\"name\": \"f\", \"parameters\": {}}#Hello {\"name\": \"f\", \"parameters\": {}}",
                "LLAMA#<|pyx#<|pyx",
                "MISTRAL#[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"x\": 1}}, {\"name\": \"g\", \"arguments\": {}}]"
                        + "#[f({\"x\": 1})][g({})]",
                "MISTRAL#[TOOL_CALLS]{\"name\": \"f\", \"arguments\": {}}#[f({})]",
                "MISTRAL#[TOOL_CALLS] nothing#[TOOL_CALLS] nothing",
                "MISTRAL#plain [text]#plain [text]",
                "MISTRAL_ARGS#[TOOL_CALLS]f[ARGS]{\"x\": {\"y\": \"}[TOOL_CALLS]\"}}#[f({\"x\": {\"y\": \"}[TOOL_CALLS]\"}})]",
                "MISTRAL_ARGS#I look.¶[TOOL_CALLS]f[CALL_ID]abc123XYZ[ARGS]{\"x\": 1}[TOOL_CALLS]g[ARGS]{}"
                        + "#I look.[f({\"x\": 1})][g({})]",
                "MISTRAL_ARGS#[TOOL_CALLS] f [ARGS] {\"x\": 1} done#[f({\"x\": 1})] done",
                "MISTRAL_ARGS#[TOOL_CALLS]f[ARGS]{\"x\": [1, 2#[f({\"x\": [1, 2)]",
                "MISTRAL_ARGS#[TOOL_CALLS]f[ARG#[TOOL_CALLS]f[ARG",
                "MISTRAL_ARGS#[TOOL_CALLS][ARGS]{}#[TOOL_CALLS][ARGS]{}",
                "MISTRAL_ARGS#[TOOL_CALLS]f[ARGS]12#[TOOL_CALLS]f[ARGS]12",
                "MISTRAL_ARGS#a [TOOL] b#a [TOOL] b",
            })
    void callsAreFoundHoweverTheTextIsCut(ToolFormat format, String line, String expected) {
        cut(() -> ToolCallParser.ofText(format, Set.of("f", "g")), line.replace('¶', '\n'), expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "HERMES# <tool_call>¶{\"name\": \"f\", \"arguments\": {}}¶</tool_call>¶"
                        + "<tool_call>{\"name\": \"g\", \"arguments\": {\"x\": 1}}</tool_call>#[f({})][g({\"x\": 1})]",
                "HERMES#{\"a\": \"<tool_call>{\", \"name\": \"f\"}#{\"a\": \"<tool_call>{\", \"name\": \"f\"}",
                "HERMES# \"<tool_call>\"# \"<tool_call>\"",
                "HERMES#<tool#<tool",
                "LLAMA#{\"name\": \"f\", \"parameters\": {\"x\": 1}}#[f({\"x\": 1})]",
                "LLAMA#<|python_tag|>{\"name\": \"f\", \"parameters\": {\"x\": 1}}#[f({\"x\": 1})]",
                "LLAMA#{\"name\": \"f\"}#{\"name\": \"f\"}",
                "LLAMA#{\"name\": \"f\", \"age\": 3}#{\"name\": \"f\", \"age\": 3}",
                "LLAMA#[{\"name\": \"f\"}]#[{\"name\": \"f\"}]",
                "MISTRAL#[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}}]#[f({})]",
                "MISTRAL#[{\"name\": \"f\", \"arguments\": {}}]#[{\"name\": \"f\", \"arguments\": {}}]",
                "MISTRAL#[\"[TOOL_CALLS]\"]#[\"[TOOL_CALLS]\"]",
                "MISTRAL_ARGS#[TOOL_CALLS]f[ARGS]{}[TOOL_CALLS]g[ARGS]{}#[f({})][g({})]",
                "MISTRAL_ARGS#{\"a\": \"[TOOL_CALLS]f[ARGS]{}\"}#{\"a\": \"[TOOL_CALLS]f[ARGS]{}\"}",
            })
    void anAnswerIsCallsOrTextFromItsBeginningOn(ToolFormat format, String line, String expected) {
        cut(() -> ToolCallParser.ofEither(format, Set.of("f", "g")), line.replace('¶', '\n'), expected);
    }

    private static void cut(Supplier<ToolCallParser> parsers, String answer, String expected) {
        Random random = new Random(SEED);
        for (int round = 0; round < 30; round++) {
            ToolCallParser parser = parsers.get();
            List<Part> parts = new ArrayList<>();
            for (int from = 0; from < answer.length(); ) {
                int to = round == 0
                        ? answer.length()
                        : Math.min(answer.length(), from + 1 + random.nextInt(round == 1 ? 1 : 9));
                parts.addAll(parser.append(answer.substring(from, to)));
                from = to;
            }
            parts.addAll(parser.finish());
            assertThat(shown(parts)).as("round %d of seed %d", round, SEED).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "HERMES#{\"name\": \"f\", \"arguments\": {\"x\": 1}}",
                "LLAMA#{\"name\": \"f\", \"parameters\": {\"x\": 1}}",
                "MISTRAL#[{\"name\": \"f\", \"arguments\": {\"x\": 1}}]",
                "MISTRAL_ARGS#f[ARGS]{\"x\": 1}",
            })
    void aForcedCallStandsBehindItsMark(ToolFormat format, String answer) {
        ToolCallParser parser = ToolCallParser.ofCalls(format, Set.of("f"));
        List<Part> parts = new ArrayList<>(parser.append(answer));
        parts.addAll(parser.finish());
        assertThat(shown(parts)).isEqualTo("[f({\"x\": 1})]");
        assertThat(parser.numComplete()).isEqualTo(1);
    }

    /** JSON is not held back until its end only because a call would be JSON too. */
    @Test
    void textInLlamasFormatComesAsSoonAsItIsNoCall() {
        for (String start : List.of("{\"kind\"", "{\"name\": \"Ada\"", "[{", "12")) {
            ToolCallParser parser = ToolCallParser.ofEither(ToolFormat.LLAMA, Set.of("f"));
            assertThat(parser.append(start)).containsExactly(new Part.Text(start));
        }
        ToolCallParser parser = ToolCallParser.ofEither(ToolFormat.LLAMA, Set.of("f"));
        assertThat(parser.append("{\"name\": \"f\", ")).isEmpty();
        assertThat(parser.append("\"parameters\": {"))
                .containsExactly(new Part.Call(0, "f", ""), new Part.Call(0, "", "{"));
    }
}
