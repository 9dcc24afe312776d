package dev.troupe.model.data;

import dev.troupe.model.data.wordnet.PartOfSpeech;
import dev.troupe.model.data.wordnet.Synset;
import dev.troupe.model.data.wordnet.WordNet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * WordNet 3.1 as a dictionary to read: a document for each synset, such as
 *
 * <pre>
 * word, another word (noun)
 * Definition: what it means; what else it means.
 * Example: "a sentence with it"
 * A kind of more general thing.
 * </pre>
 *
 * The last line of a verb is "A way to ...", of a single thing "An instance of a ..."; there is no line end after it.
 */
public final class WordNetSource implements DocumentSource {
    /** Goes up when the text of a document changes. */
    private static final int TEXT_VERSION = 1;

    private static final Pattern PLURAL = Pattern.compile("[^aious]s$");
    private static final Pattern VOWEL_SOUND = Pattern.compile("^(?i:[aeiou]|hour|heir|hono)");
    private static final Pattern CONSONANT_SOUND = Pattern.compile("^(?i:uni[^mn]|us[aeu]|ura|eu|one)");

    @Override
    public String name() {
        return "WordNet 3.1";
    }

    @Override
    public String fingerprint() {
        WordNet.requirePresent();
        return "wordnet-3.1-text-" + TEXT_VERSION;
    }

    @Override
    public Stream<Document> documents() {
        return WordNet.synsets().map(synset -> new Document(synset.id(), text(synset)));
    }

    static String text(Synset synset) {
        var text = new StringBuilder(String.join(", ", synset.words()))
                .append(" (")
                .append(synset.partOfSpeech().word())
                .append(")");
        if (!synset.gloss().definitions().isEmpty()) {
            text.append("\nDefinition: ")
                    .append(String.join("; ", synset.gloss().definitions()))
                    .append('.');
        }
        for (String example : synset.gloss().examples()) {
            text.append("\nExample: ").append(example);
        }
        synset.generalTerm()
                .ifPresent(term -> text.append('\n')
                        .append(relation(synset, term))
                        .append(term)
                        .append('.'));
        return text.toString();
    }

    private static String relation(Synset synset, String generalTerm) {
        if (synset.partOfSpeech() == PartOfSpeech.VERB) {
            return "A way to ";
        }
        return synset.instance() ? "An instance of " + article(generalTerm) : "A kind of ";
    }

    /** The indefinite article and a space; nothing before proper names and plurals. */
    private static String article(String term) {
        String lastWord = term.substring(term.lastIndexOf(' ') + 1);
        if (Character.isUpperCase(lastWord.charAt(0))
                || PLURAL.matcher(lastWord).find()) {
            return "";
        }
        boolean vowel = VOWEL_SOUND.matcher(term).find()
                && !CONSONANT_SOUND.matcher(term).find();
        return vowel ? "an " : "a ";
    }
}
