package dev.troupe.model.data.wordnet;

import java.util.Locale;

/** The four parts of speech; each has its own database file. */
public enum PartOfSpeech {
    NOUN("noun"),
    VERB("verb"),
    ADJECTIVE("adj"),
    ADVERB("adv");

    private final String fileSuffix;

    PartOfSpeech(String fileSuffix) {
        this.fileSuffix = fileSuffix;
    }

    String fileName() {
        return "data." + fileSuffix;
    }

    /** The English word: noun, verb, adjective, adverb. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
