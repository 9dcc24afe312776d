package dev.troupe.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CorpusPreparationTest {
    private static final String END_OF_TEXT = BpeTrainer.END_OF_TEXT;

    /** A byte is a token and 256 ends a document: every byte can be followed. */
    private static final Tokenizer TOKENIZER = bytePairs(257);

    private static Tokenizer bytePairs(int vocabSize) {
        return BpeTrainer.train(
                List.of("a text to learn a few pairs from, a text to a text"), vocabSize, List.of(END_OF_TEXT), 1);
    }

    @TempDir
    Path directory;

    private PreparedCorpus prepare(DocumentSource source, double heldOutFraction) {
        return CorpusPreparation.prepare(
                source, TOKENIZER, directory, heldOutFraction, CorpusPreparation.Progress.none());
    }

    private static List<Document> documents(TokenShards shards) {
        var documents = new ArrayList<Document>();
        for (long i = 0; i < shards.documents(); i++) {
            DocumentSpan span = shards.document(i);
            int[] tokens = shards.copyOfRange(span.firstToken(), span.endToken());
            assertThat(tokens[tokens.length - 1]).isEqualTo(TOKENIZER.endOfText());
            String text = TOKENIZER.decode(tokens);
            assertThat(span.textBytes()).isEqualTo(text.getBytes(StandardCharsets.UTF_8).length);
            documents.add(new Document(span.id(), text));
        }
        return documents;
    }

    /** Long documents and many short ones, so that chunks of several threads end out of order. */
    private static DocumentSource randomSource(long seed) {
        var random = new Random(seed);
        var documents = new ArrayList<>(TestCorpora.randomTexts(random, 2_000, 300));
        for (int i = 0; i < 20; i++) {
            String text = TestCorpora.randomTexts(random, 1, 300_000).getFirst().text();
            documents.add(random.nextInt(documents.size()), new Document("long-" + i, text));
        }
        return DocumentSource.of("random " + seed, documents);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void everyDocumentIsInOnePartInOrder(long seed) {
        DocumentSource source = randomSource(seed);
        PreparedCorpus corpus = prepare(source, 0.05);
        var train = new ArrayList<Document>();
        var heldOut = new ArrayList<Document>();
        source.forEach(document -> (HoldOut.isHeldOut(document.id(), 0.05) ? heldOut : train).add(document));
        assertThat(documents(corpus.train())).isEqualTo(train);
        assertThat(documents(corpus.heldOut())).isEqualTo(heldOut).isNotEmpty();
        assertThat(corpus.reused()).isFalse();
        CorpusReport report = corpus.report();
        assertThat(report.train().documents()).isEqualTo(train.size());
        assertThat(report.heldOut().documents()).isEqualTo(heldOut.size());
        assertThat(report.train().tokens()).isEqualTo(corpus.train().tokens());
        assertThat(report.train().textBytes()).isEqualTo(corpus.train().textBytes());
        assertThat(report.bytesPerToken()).isBetween(0.9, 1.0);
    }

    @Test
    void theSameInputsAreUsedAgainAndOthersAreNot() throws IOException {
        DocumentSource source = randomSource(4);
        prepare(source, 0.05);
        Map<String, byte[]> before = files();
        PreparedCorpus again = prepare(source, 0.05);
        assertThat(again.reused()).isTrue();
        assertThat(again.report()).isEqualTo(PreparedCorpus.open(directory).report());
        requireSameFiles(before);
        assertThat(prepare(source, 0.06).reused()).isFalse();
        assertThat(prepare(randomSource(5), 0.06).reused()).isFalse();
        Tokenizer larger = bytePairs(265);
        assertThat(CorpusPreparation.prepare(
                                randomSource(5), larger, directory, 0.06, CorpusPreparation.Progress.none())
                        .reused())
                .isFalse();
        assertThat(PreparedCorpus.open(directory).train().vocabSize()).isEqualTo(larger.vocabSize());
    }

    @Test
    void theFilesAreAFunctionOfTheInputs() throws IOException {
        DocumentSource source = randomSource(6);
        prepare(source, 0.05);
        Map<String, byte[]> before = files();
        Files.delete(directory.resolve(CorpusReport.FILE));
        assertThat(prepare(source, 0.05).reused()).isFalse();
        requireSameFiles(before);
    }

    @Test
    void damageIsRepairedByPreparingAgain() throws IOException {
        DocumentSource source = randomSource(7);
        prepare(source, 0.05);
        Map<String, byte[]> before = files();
        Files.write(directory.resolve("train/shard-00000.tokens"), new byte[100]);
        assertThatThrownBy(() -> PreparedCorpus.open(directory)).isInstanceOf(TroupeException.class);
        assertThat(prepare(source, 0.05).reused()).isFalse();
        requireSameFiles(before);
        Files.writeString(directory.resolve(CorpusReport.FILE), "{ not json");
        assertThat(prepare(source, 0.05).reused()).isFalse();
        requireSameFiles(before);
    }

    /** A kill leaves what was written so far; a failing source stands for it. */
    @Test
    void aPreparationThatBreaksOffLeavesTheOldCorpusAndIsNoneItself() throws IOException {
        DocumentSource source = randomSource(8);
        prepare(source, 0.05);
        Map<String, byte[]> before = files();
        assertThatThrownBy(() -> prepare(failingAfter(1_000), 0.05))
                .isInstanceOf(TroupeException.class)
                .hasMessage("the disk went away");
        requireSameFiles(before);
        assertThat(prepare(source, 0.05).reused()).isTrue();
        Path fresh = directory.resolve("fresh");
        assertThatThrownBy(() -> CorpusPreparation.prepare(
                        failingAfter(1_000), TOKENIZER, fresh, 0.05, CorpusPreparation.Progress.none()))
                .isInstanceOf(TroupeException.class);
        assertThatThrownBy(() -> PreparedCorpus.open(fresh))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("no prepared corpus");
    }

    private static DocumentSource failingAfter(int documents) {
        return new DocumentSource() {
            @Override
            public String name() {
                return "failing";
            }

            @Override
            public String fingerprint() {
                return "failing";
            }

            @Override
            public Stream<Document> documents() {
                return Stream.iterate(0, i -> i + 1).map(i -> {
                    if (i == documents) {
                        throw new TroupeException("the disk went away");
                    }
                    return new Document("doc-" + i, "text ".repeat(100) + i);
                });
            }
        };
    }

    @Test
    void oneDocumentIsCutByPosition() {
        var text = "0123456789".repeat(50);
        PreparedCorpus corpus = prepare(DocumentSource.of("book", List.of(new Document("book", text))), 0.1);
        assertThat(documents(corpus.train())).containsExactly(new Document("book", text.substring(0, 450)));
        assertThat(documents(corpus.heldOut())).containsExactly(new Document("book", text.substring(450)));
        assertThat(corpus.report().split()).isEqualTo(CorpusSplit.Kind.ENDS_BY_POSITION);
    }

    @Test
    void progressGrowsUpToTheWhole() {
        var documents = new ArrayList<Long>();
        PreparedCorpus corpus = CorpusPreparation.prepare(
                randomSource(9), TOKENIZER, directory, 0.05, (count, bytes, tokens) -> documents.add(count));
        assertThat(documents).isSorted().hasSizeGreaterThan(3);
        assertThat(documents.getLast())
                .isEqualTo(corpus.train().documents() + corpus.heldOut().documents());
    }

    @Test
    void aTokenizerThatFailsFailsThePreparation() {
        Tokenizer lettersOnly = CharTokenizer.train("abc");
        assertThatThrownBy(() -> CorpusPreparation.prepare(
                        randomSource(10), lettersOnly, directory, 0.05, CorpusPreparation.Progress.none()))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("vocabulary");
    }

    @Test
    void aTokenizerWithoutAnEndTokenPutsNoneIn() {
        var text = "0123456789".repeat(50);
        PreparedCorpus corpus = CorpusPreparation.prepare(
                DocumentSource.of("book", List.of(new Document("book", text))),
                CharTokenizer.train(text),
                directory,
                0.1,
                CorpusPreparation.Progress.none());
        assertThat(corpus.train().tokens()).isEqualTo(450);
        assertThat(corpus.heldOut().tokens()).isEqualTo(50);
    }

    /** A model directory's tokenizer.json must open the shards that the tokenizer in memory made. */
    @Test
    void aTokenizerThatWasReadFromItsFileHasTheSameFingerprint() {
        for (Tokenizer tokenizer : List.of(TOKENIZER, bytePairs(265), CharTokenizer.train("h\u00e9llo"))) {
            Tokenizer read = TokenizerJson.parse(TokenizerJson.toJson(tokenizer));
            assertThat(TokenizerFingerprint.of(read)).isEqualTo(TokenizerFingerprint.of(tokenizer));
        }
        assertThat(TokenizerFingerprint.of(TOKENIZER)).isNotEqualTo(TokenizerFingerprint.of(bytePairs(258)));
    }

    @Test
    void aFolderThatCannotBeMadeIsNamed() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "in the way");
        assertThatThrownBy(() -> CorpusPreparation.prepare(
                        randomSource(11), TOKENIZER, file.resolve("corpus"), 0.05, CorpusPreparation.Progress.none()))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void textsForTheTokenizerLeaveOutWhatIsHeldOut() {
        DocumentSource source = randomSource(12);
        var reader = new CorpusReader(source, 0.05);
        List<String> expected = new ArrayList<>();
        source.forEach(document -> {
            if (!HoldOut.isHeldOut(document.id(), 0.05)) {
                expected.add(document.text());
            }
        });
        try (Stream<String> texts = reader.texts()) {
            assertThat(texts.toList()).isEqualTo(expected);
        }
        try (Stream<String> texts = reader.allTexts()) {
            assertThat(texts).hasSize(2_020);
        }
        assertThat(reader.sample(Long.MAX_VALUE)).isEqualTo(expected);
        int chars = expected.stream().mapToInt(String::length).sum();
        List<String> sample = reader.sample(chars / 2);
        assertThat(sample.stream().mapToInt(String::length).sum()).isBetween(chars / 4, chars / 2);
        assertThat(sample).hasSizeBetween(expected.size() / 3, expected.size() * 2 / 3);
        assertThat(expected).containsAll(sample.subList(0, sample.size() - 1));
        assertThat(String.join("", reader.sample(10))).hasSizeBetween(9, 10);
    }

    private Map<String, byte[]> files() throws IOException {
        var files = new TreeMap<String, byte[]>();
        try (Stream<Path> walk = Files.walk(directory)) {
            for (Path path : walk.filter(Files::isRegularFile).toList()) {
                files.put(directory.relativize(path).toString(), Files.readAllBytes(path));
            }
        }
        return files;
    }

    private void requireSameFiles(Map<String, byte[]> before) throws IOException {
        Map<String, byte[]> after = files();
        assertThat(after).containsOnlyKeys(before.keySet());
        after.forEach((name, bytes) -> assertThat(bytes).as(name).isEqualTo(before.get(name)));
    }
}
