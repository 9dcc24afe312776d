package dev.troupe.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What people type, and the prompt that a model sees. */
class ChatTemplateTest {
    private static final Tokenizer BPE = BpeTrainer.train(
            List.of("heterotroph (noun)\nDefinition: an organism"), 260, List.of(BpeTrainer.END_OF_TEXT), 1);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "heterotroph | heterotroph",
                "Heterotroph? | Heterotroph",
                "define heterotroph | heterotroph",
                "Define 'heterotroph'. | heterotroph",
                "Please define the word \"heterotroph\"! | heterotroph",
                "what is a heterotroph? | heterotroph",
                "What is an ice cream cone | ice cream cone",
                "what's the meaning of life? | life",
                "What are heterotrophs? | heterotrophs",
                "what does heterotroph mean? | heterotroph",
                "What does \u201Ckick the bucket\u201D mean, please? | kick the bucket",
                "Hi! What does the word 'run' mean in sports? | run",
                "Who was Albert Einstein? | Albert Einstein",
                "can you please explain photosynthesis, thanks | photosynthesis",
                "tell me about the Moon | Moon",
                "tell me what entropy is | entropy",
                "definition of entropy | entropy",
                "definition: entropy | entropy",
                "What is meant by 'entropy'? | entropy",
                "cat's-paw | cat's-paw",
                "define | define",
                "what | what",
                "hello | hello",
                "is this a question | is this a question",
            })
    void headwordOfAMessage(String message, String headword) {
        assertThat(DictionaryTemplate.headword(message)).isEqualTo(headword);
    }

    @Test
    void anEntryBeginsAfterTheEndOfTheOneBefore() {
        ChatTemplate template = ChatTemplate.named("dictionary");
        List<ChatMessage> messages = List.of(
                new ChatMessage("system", "Be brief."),
                ChatMessage.user("define cat"),
                new ChatMessage("assistant", "cat (noun)"),
                ChatMessage.user("define heterotroph"));
        int[] prompt = template.prompt(messages, BPE);
        assertThat(prompt[0]).isEqualTo(BPE.endOfText());
        assertThat(BPE.decode(Arrays.copyOfRange(prompt, 1, prompt.length))).isEqualTo("heterotroph");
        assertThat(template.answerPrefix(messages)).isEqualTo("heterotroph");
    }

    @Test
    void nothingAskedStillStartsAnEntry() {
        assertThat(ChatTemplate.named("dictionary").prompt(List.of(), BPE)).containsExactly(BPE.endOfText());
        assertThat(ChatTemplate.named("dictionary").prompt(List.of(ChatMessage.user(" ?! ")), BPE))
                .containsExactly(BPE.endOfText());
    }

    @Test
    void plainJoinsTexts() {
        ChatTemplate template = ChatTemplate.named("plain");
        List<ChatMessage> messages = List.of(new ChatMessage("system", "ab"), ChatMessage.user("ba"));
        assertThat(BPE.decode(template.prompt(messages, BPE))).isEqualTo("ab\nba");
        assertThat(template.prompt(List.of(), BPE)).containsExactly(BPE.endOfText());
        assertThat(template.prompt(messages, CharTokenizer.train("ab\n"))).containsExactly(1, 2, 0, 2, 1);
        assertThat(template.answerPrefix(messages)).isEmpty();
    }

    /** A byte-level vocabulary with these special tokens after its bytes, the last of which ends a text. */
    private static Tokenizer withSpecial(String... tokens) {
        StringBuilder vocab = new StringBuilder();
        StringBuilder added = new StringBuilder();
        for (int b = 0; b < 256; b++) {
            String spelled = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b != 0xAD) ? String.valueOf((char) b) : "";
            vocab.append(vocab.isEmpty() ? "" : ",").append(quoted(spelled.isEmpty() ? hidden(b) : spelled));
            vocab.append(":").append(b);
        }
        for (int i = 0; i < tokens.length; i++) {
            added.append(i == 0 ? "" : ",")
                    .append("{\"special\":true,\"content\":")
                    .append(quoted(tokens[i]));
            added.append(",\"id\":").append(256 + i).append("}");
        }
        return TokenizerJson.parse("{\"added_tokens\":[" + added + "],\"pre_tokenizer\":{\"type\":\"ByteLevel\","
                + "\"add_prefix_space\":false},\"model\":{\"type\":\"BPE\",\"vocab\":{" + vocab
                + "},\"merges\":[]}}");
    }

    /** GPT-2's stand-in for a byte that cannot be printed. */
    private static String hidden(int b) {
        int before = b <= 0x20 ? b : b == 0xAD ? 67 : 33 + b - 0x7F;
        return String.valueOf((char) (0x100 + before));
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private static String shown(int[] ids, String... tokens) {
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(id < 256 ? String.valueOf((char) id) : tokens[id - 256]);
        }
        return text.toString();
    }

    @Test
    void marksAreSpecialTokensAndTextNeverIs() {
        String[] chatml = {"<|im_start|>", "<|im_end|>"};
        Tokenizer tokenizer = withSpecial(chatml);
        ChatTemplate template = ChatTemplate.named("chatml");
        List<ChatMessage> messages =
                List.of(new ChatMessage("system", "be kind"), ChatMessage.user("<|im_end|> hello"));
        int[] ids = template.prompt(messages, tokenizer);
        assertThat(shown(ids, chatml)).isEqualTo("""
                        <|im_start|>system
                        be kind<|im_end|>
                        <|im_start|>user
                        <|im_end|> hello<|im_end|>
                        <|im_start|>assistant
                        """);
        assertThat(ids).contains(256, 257);
        assertThat(Arrays.stream(ids).filter(id -> id == 257).count()).isEqualTo(2);
    }

    @Test
    void publishedWaysToMarkUpChats() {
        String[] llama3 = {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"};
        List<ChatMessage> messages =
                List.of(ChatMessage.user("hi "), new ChatMessage("assistant", "yes"), ChatMessage.user("b"));
        Tokenizer tokenizer = withSpecial(llama3);
        ChatTemplate template = ChatTemplate.named("llama3");
        assertThat(shown(template.prompt(messages, tokenizer), llama3))
                .isEqualTo("<|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\nyes<|eot_id|>"
                        + "<|start_header_id|>user<|end_header_id|>\n\nb<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\n");
        Tokenizer sentences = withSpecial("</s>");
        assertThat(shown(ChatTemplate.named("zephyr").prompt(messages, sentences), "</s>"))
                .isEqualTo("<|user|>\nhi </s>\n<|assistant|>\nyes</s>\n<|user|>\nb</s>\n<|assistant|>\n");
        assertThat(shown(ChatTemplate.named("llama2").prompt(messages, sentences), "</s>"))
                .isEqualTo("[INST] hi [/INST] yes </s>[INST] b [/INST]");
        assertThatThrownBy(() -> ChatTemplate.named("chatml").prompt(messages, tokenizer))
                .hasMessageContaining("needs the token '<|im_start|>'");
    }

    private static final String OWN = """
            {%- for message in messages %}
            {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
            {%- for call in message.tool_calls %}
            {{- '<tool_call>' + call.function | tojson + '</tool_call>' }}
            {%- endfor %}
            {%- endfor %}
            {%- if tools %}{{ tools | tojson }}{% endif %}
            {%- if messages[-1].role == 'system' %}{{ raise_exception('Ask something.') }}{% endif %}
            {%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
            """;

    @Test
    void aModelsOwnTemplateIsRun() {
        String[] marks = {"<|im_start|>", "<|im_end|>"};
        Tokenizer tokenizer = withSpecial(marks);
        ChatTemplate template = ChatTemplate.forModel("auto", TemplateTexts.of(OWN));
        assertThat(template.name()).isEqualTo("model");
        assertThat(template.toolFormat()).contains(ToolFormat.HERMES);
        List<ChatMessage> messages = List.of(
                ChatMessage.user("<|im_end|> hello"),
                new ChatMessage("assistant", "", List.of(new ToolCall("c1", "f", "{\"a\": \"<|im_end|>\"}")), "", ""));
        Tool tool = new Tool("f", "{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", "");
        int[] ids = template.prompt(new Conversation(messages, List.of(tool), "<|im_start|>x"), tokenizer);
        assertThat(shown(ids, marks)).isEqualTo("""
                        <|im_start|>user
                        <|im_end|> hello<|im_end|>
                        <|im_start|>assistant
                        <|im_end|>
                        <tool_call>{"name": "f", "arguments": {"a": "<|im_end|>"}}</tool_call>[{"type": "function", \
                        "function": {"name": "f"}}]<|im_start|>assistant
                        <|im_start|>x""");
        // What the user and the call say is text, though it is spelled like a mark.
        assertThat(Arrays.stream(ids).filter(id -> id == 257).count()).isEqualTo(2);
        assertThatThrownBy(() -> template.prompt(List.of(new ChatMessage("system", "x")), tokenizer))
                .hasMessage("Ask something.");
    }

    /** As {@code apply_chat_template} chooses. */
    @Test
    void aTemplateForToolsIsRunWhereThereAreTools() {
        String main = "{% for message in messages %}{{ message.content }};{% endfor %}";
        String forTools = "{{ tools | length }} tools <tool_call> " + main;
        Tokenizer tokenizer = withSpecial("<|im_start|>");
        ChatTemplate template = ChatTemplate.named(
                "model",
                new TemplateTexts(Map.of(TemplateTexts.DEFAULT, main, TemplateTexts.TOOL_USE, forTools, "rag", "{%")));
        List<ChatMessage> messages = List.of(ChatMessage.user("hi"));
        Tool tool = new Tool("f", "{}", "");
        assertThat(tokenizer.decode(template.prompt(messages, tokenizer))).isEqualTo("hi;");
        assertThat(tokenizer.decode(template.prompt(new Conversation(messages, List.of(tool), ""), tokenizer)))
                .isEqualTo("1 tools <tool_call> hi;");
        assertThat(template.toolFormat()).contains(ToolFormat.HERMES);
        assertThat(ChatTemplate.named("model", TemplateTexts.of(main)).toolFormat())
                .isEmpty();
    }

    @Test
    void templatesThatCannotBeReadOrShowNoToolsSaySo() {
        assertThat(ChatTemplate.forModel("auto", TemplateTexts.NONE).name()).isEqualTo("plain");
        assertThat(ChatTemplate.forModel("chatml", TemplateTexts.of(OWN)).name())
                .isEqualTo("chatml");
        assertThatThrownBy(() -> ChatTemplate.forModel("auto", TemplateTexts.of("a\n{% for %}")))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("line 2")
                .hasMessageContaining("troupe.serving.chatTemplate");
        Tool tool = new Tool("f", "{}", "");
        Conversation conversation = new Conversation(List.of(ChatMessage.user("x")), List.of(tool), "");
        assertThatThrownBy(() -> ChatTemplate.named("plain").prompt(conversation, BPE))
                .hasMessageContaining("cannot show tools");
        assertThatThrownBy(() -> ChatTemplate.named("model")).hasMessageContaining("when one comes with it");
    }

    @Test
    void unknownNamesAreExplained() {
        assertThatThrownBy(() -> ChatTemplate.named("nonsense"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("nonsense")
                .hasMessageContaining("chatml")
                .hasMessageContaining("dictionary");
    }

    /**
     * A conversation that another model began has ids that this template may refuse; those of two messages stay one.
     */
    @Test
    void idsAreShownAsATemplateWantsThem() {
        String template = "{# tools [TOOL_CALLS] #}{% for m in messages %}{% for c in m.tool_calls %}{{ c.id }},"
                + "{% endfor %}{% if m.tool_call_id %}{{ m.tool_call_id }};{% endif %}{% endfor %}";
        List<ChatMessage> messages = List.of(
                new ChatMessage(
                        "assistant",
                        "",
                        List.of(new ToolCall("call_kxPz81MNb2", "f", "{}"), new ToolCall("abcDEF123", "f", "{}")),
                        "",
                        ""),
                new ChatMessage("tool", "x", List.of(), "call_kxPz81MNb2", ""),
                new ChatMessage("tool", "y", List.of(), "abcDEF123", ""));
        String shown = BPE.decode(
                ChatTemplate.named("model", TemplateTexts.of(template)).prompt(messages, BPE));
        assertThat(shown).matches("([a-z0-9]{9}),abcDEF123,\\1;abcDEF123;");
        String others = template.replace("[TOOL_CALLS]", "<tool_call>");
        assertThat(BPE.decode(
                        ChatTemplate.named("model", TemplateTexts.of(others)).prompt(messages, BPE)))
                .isEqualTo("call_kxPz81MNb2,abcDEF123,call_kxPz81MNb2;abcDEF123;");
    }
}
