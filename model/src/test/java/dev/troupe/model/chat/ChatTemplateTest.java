package dev.troupe.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
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

    @Test
    void unknownNamesAreExplained() {
        assertThatThrownBy(() -> ChatTemplate.named("chatml"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("chatml")
                .hasMessageContaining("dictionary");
    }
}
