package dev.troupe.model.data;

import dev.troupe.model.data.wordnet.PartOfSpeech;
import dev.troupe.model.data.wordnet.Synset;
import dev.troupe.model.data.wordnet.WordNet;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

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
 *
 * <p>WordNet is sorted by meaning: left so, a training window would hold near relatives and teach a model to copy from
 * the entry before, which helps with neither held-out entries nor a single question. The documents come in a fixed
 * shuffled order, for which a source keeps them all (about 40 MB) from its first reading on.
 */
public final class WordNetSource implements DocumentSource {
    /** Goes up when the text of a document or the order changes. */
    private static final int TEXT_VERSION = 1;

    private static final long SHUFFLE_SEED = 31;

    private static final Pattern PLURAL = Pattern.compile("[^aious]s$");
    private static final Pattern VOWEL_SOUND = Pattern.compile("^(?i:[aeiou]|hour|heir|hono)");
    private static final Pattern CONSONANT_SOUND = Pattern.compile("^(?i:uni[^mn]|us[aeu]|ura|eu|one)");

    private @Nullable List<Document> shuffled;

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
        return shuffled().stream();
    }

    private synchronized List<Document> shuffled() {
        List<Document> documents = shuffled;
        if (documents == null) {
            List<Document> sorted;
            try (Stream<Synset> synsets = WordNet.synsets()) {
                sorted = synsets.map(synset -> new Document(synset.id(), text(synset)))
                        .toList();
            }
            var order = new Permutation(sorted.size(), SHUFFLE_SEED);
            documents = IntStream.range(0, sorted.size())
                    .mapToObj(i -> sorted.get((int) order.apply(i)))
                    .toList();
            shuffled = documents;
        }
        return documents;
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
