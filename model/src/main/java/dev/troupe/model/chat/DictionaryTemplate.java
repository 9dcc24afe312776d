package dev.troupe.model.chat;

import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * For a model that was trained on dictionary entries and on nothing else: the last user message's headword becomes the
 * opening of an entry, so that "define heterotroph", "What does 'heterotroph' mean?" and "heterotroph" all continue as
 * {@code heterotroph (noun)} and a definition. Earlier messages don't count: such a model has never seen a dialogue.
 */
final class DictionaryTemplate implements ChatTemplate {
    private static final int FLAGS = Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE | Pattern.DOTALL;

    private static final String WORD = "(?:the )?(?:(?:word|term|phrase|noun|verb|adjective|adverb) )?";

    /** Questions for a headword, which is group 1; tried in order. */
    private static final List<Pattern> QUESTIONS = List.of(
            question("what (?:does|do|did|would) " + WORD + "(.+?) (?:mean|stand for|signify)(?: .*)?"),
            question("what(?:'s|’s| is| are| was| were)? (?:the )?(?:meaning|definition)s? of " + WORD + "(.+)"),
            question("what (?:is|are|was|were) meant by " + WORD + "(.+)"),
            question("(?:what|who)(?:'s|’s| is| are| was| were) (?:(?:a|an|the) )?(.+)"),
            question("(?:the )?(?:meaning|definition) of " + WORD + "(.+)"),
            question("(?:define|explain|describe|definition:?|look up|meaning:?) " + WORD + "(?:(?:a|an) )?(.+)"),
            question("tell me (?:about|what) " + WORD + "(?:(?:a|an|the) )?(.+?)(?: (?:is|are|means))?"),
            question("(.+?) (?:means what|definition|meaning)"));

    private static final Pattern COURTESY = Pattern.compile(
            "^(?:(?:hi|hello|hey|please|ok|okay|so|and|now)\\b[ ,!.]*|(?:can|could|would|will) you (?:please )?)+"
                    + "(?=\\S)|[ ,]+(?:please|thanks|thank you)(?=\\W*$)",
            FLAGS);

    private static final String QUOTES = "\"'`“”‘’«»„";
    private static final String ENDS = QUOTES + " \t\r\n?!.,:;()[]*_";

    @Override
    public String name() {
        return "dictionary";
    }

    @Override
    public int[] prompt(List<ChatMessage> messages, Tokenizer tokenizer) {
        int[] ids = tokenizer.encode(answerPrefix(messages));
        int end = tokenizer.endOfText();
        // An entry begins where the one before it has ended.
        return end == Tokenizer.NO_TOKEN ? ids : Prompts.prepend(end, ids);
    }

    @Override
    public String answerPrefix(List<ChatMessage> messages) {
        for (int i = messages.size() - 1; i >= 0; i--) {
            if (messages.get(i).role().equals("user")) {
                return headword(messages.get(i).content());
            }
        }
        return "";
    }

    /** The word or phrase that a message asks about. */
    static String headword(String message) {
        String text = strip(message.strip().replaceAll("\\s+", " "));
        String asked = COURTESY.matcher(text).replaceAll("");
        for (Pattern question : QUESTIONS) {
            Matcher matcher = question.matcher(strip(asked));
            if (matcher.matches()) {
                String word = strip(matcher.group(1));
                if (!word.isEmpty()) {
                    return word;
                }
            }
        }
        return text;
    }

    /** Without quotes, brackets, punctuation and space around; an apostrophe within ("dog's ear") stays. */
    private static String strip(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && ENDS.indexOf(text.charAt(from)) >= 0) {
            from++;
        }
        while (to > from && ENDS.indexOf(text.charAt(to - 1)) >= 0) {
            to--;
        }
        return text.substring(from, to);
    }

    private static Pattern question(String pattern) {
        return Pattern.compile(pattern, FLAGS);
    }
}
