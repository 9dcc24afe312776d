package dev.troupe.model.data.wordnet;

import java.util.List;
import java.util.Optional;

/**
 * One meaning and the words that have it.
 *
 * @param offset names the synset within its part of speech (and is its byte offset in WordNet's own file)
 * @param words one or more, the most usual first, in their natural spelling
 * @param generalTerm a word for the next more general meaning, when WordNet has one that is not among the words
 * @param instance whether this is a single thing (a person, a river) rather than a kind; of interest when there is a
 *     general term
 */
public record Synset(
        PartOfSpeech partOfSpeech,
        int offset,
        List<String> words,
        Optional<String> generalTerm,
        boolean instance,
        Gloss gloss) {
    public Synset {
        words = List.copyOf(words);
    }

    /** Such as {@code wordnet:noun:00001740}. */
    public String id() {
        return "wordnet:%s:%08d".formatted(partOfSpeech.word(), offset);
    }
}
