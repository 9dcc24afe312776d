package dev.troupe.model.data.wordnet;

import java.util.ArrayList;
import java.util.List;

/**
 * What WordNet says of a synset.
 *
 * @param definitions one or more phrases without a final stop
 * @param examples sentences or phrases in quotation marks, some with the name of their author after " - "
 */
public record Gloss(List<String> definitions, List<String> examples) {
    public Gloss {
        definitions = List.copyOf(definitions);
        examples = List.copyOf(examples);
    }

    /**
     * Takes a gloss apart. Semicolons divide it, except between quotation marks; a part that begins with a quotation
     * mark is an example, and what stands behind the closing one is its author or a date.
     */
    static Gloss parse(String gloss) {
        var definitions = new ArrayList<String>();
        var examples = new ArrayList<String>();
        int from = 0;
        boolean quoted = false;
        boolean balanced = gloss.chars().filter(c -> c == '"').count() % 2 == 0;
        for (int at = 0; at <= gloss.length(); at++) {
            if (at == gloss.length() || (gloss.charAt(at) == ';' && !(quoted && balanced))) {
                addPart(gloss.substring(from, at).strip(), definitions, examples);
                from = at + 1;
            } else if (gloss.charAt(at) == '"') {
                quoted = !quoted;
            }
        }
        return new Gloss(definitions, examples);
    }

    private static void addPart(String part, List<String> definitions, List<String> examples) {
        // WordNet writes `word' for a quoted word.
        String text = part.replace('`', '\'').replaceAll(" {2,}", " ");
        if (text.startsWith("\"") && !goesOnAfterQuote(text)) {
            addExamples(text, examples);
        } else {
            String definition = withoutFinalStop(text);
            if (!definition.isEmpty()) {
                definitions.add(definition);
            }
        }
    }

    /** Whether this is a remark that begins with a quoted word: "such a word" is used so. */
    private static boolean goesOnAfterQuote(String text) {
        String rest = text.substring(text.indexOf('"', 1) + 1).strip();
        return !rest.isEmpty() && Character.isLowerCase(rest.charAt(0));
    }

    /** One part may hold several examples whose dividing semicolon was forgotten. */
    private static void addExamples(String part, List<String> examples) {
        int at = 0;
        while (at < part.length()) {
            int end = part.indexOf('"', at + 1);
            if (end < 0) {
                end = part.length();
            }
            int next = part.indexOf('"', Math.min(end + 1, part.length()));
            int tailEnd = next < 0 ? part.length() : next;
            String quote = part.substring(at + 1, end).strip();
            String tail = end < tailEnd ? part.substring(end + 1, tailEnd).strip() : "";
            if (!quote.isEmpty()) {
                examples.add('"' + quote + '"' + remark(tail));
            }
            at = tailEnd;
        }
    }

    private static String remark(String tail) {
        if (tail.startsWith("(")) {
            return ' ' + tail;
        }
        String author = tail.replaceFirst("^-+\\s*", "");
        return author.chars().anyMatch(Character::isLetterOrDigit) ? " - " + author : "";
    }

    private static String withoutFinalStop(String text) {
        int end = text.length();
        while (end > 0 && ".,:; ".indexOf(text.charAt(end - 1)) >= 0) {
            end--;
        }
        return text.substring(0, end);
    }
}
