package dev.troupe.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenShardsTest {
    @TempDir
    Path directory;

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void givesBackWhatWasWritten(long seed) {
        var random = new Random(seed);
        int vocabSize = new int[] {2, 300, 65_536, 65_537, 128_256}[random.nextInt(5)];
        int tokensPerShard = 1 + random.nextInt(200);
        var documents = TestCorpora.randomTokens(random, 1 + random.nextInt(40), 80, vocabSize);
        TokenShards shards = TestCorpora.write(directory, vocabSize, tokensPerShard, documents);

        int[] stream =
                documents.stream().flatMapToInt(d -> Arrays.stream(d.tokens())).toArray();
        assertThat(shards.tokens()).isEqualTo(stream.length);
        assertThat(shards.copyOfRange(0, stream.length)).isEqualTo(stream);
        assertThat(shards.documents()).isEqualTo(documents.size());
        assertThat(shards.vocabSize()).isEqualTo(vocabSize);
        assertThat(shards.textBytes())
                .isEqualTo(documents.stream()
                        .mapToLong(TestCorpora.TokenDocument::textBytes)
                        .sum());
        long at = 0;
        for (int i = 0; i < documents.size(); i++) {
            var written = documents.get(i);
            var expected = new DocumentSpan(i, written.id(), at, at + written.tokens().length, written.textBytes());
            DocumentSpan span = shards.document(i);
            assertThat(span).isEqualTo(expected);
            for (long token = span.firstToken(); token < span.endToken(); token++) {
                assertThat(shards.token(token)).isEqualTo(stream[(int) token]);
                assertThat(shards.documentAt(token)).isEqualTo(span);
            }
            at = expected.endToken();
        }
        for (int i = 0; i < 50; i++) {
            int from = random.nextInt(stream.length + 1);
            int to = from + random.nextInt(stream.length - from + 1);
            assertThat(shards.copyOfRange(from, to)).isEqualTo(Arrays.copyOfRange(stream, from, to));
        }
    }

    @Test
    void shardsAreBounded() throws IOException {
        TokenShards shards = TestCorpora.counting(directory, 1_000, 64);
        assertThat(shards.numShards()).isEqualTo(16);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(Path::getFileName).map(Path::toString))
                    .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 16)
                            .mapToObj("shard-%05d.tokens"::formatted)
                            .toList());
        }
    }

    @Test
    void smallVocabulariesTakeTwoBytesAToken() throws IOException {
        Path small = directory.resolve("small");
        Path large = directory.resolve("large");
        var documents = List.of(new TestCorpora.TokenDocument("d", new int[1_000], 0));
        TestCorpora.write(small, 65_536, 10_000, documents);
        TestCorpora.write(large, 65_537, 10_000, documents);
        long difference =
                Files.size(large.resolve("shard-00000.tokens")) - Files.size(small.resolve("shard-00000.tokens"));
        assertThat(difference).isEqualTo(2_000);
    }

    @Test
    void anEmptyPartCanBeOpened() {
        TokenShards shards = TestCorpora.write(directory, 10, 10, List.of());
        assertThat(shards.tokens()).isZero();
        assertThat(shards.documents()).isZero();
        assertThatThrownBy(() -> shards.token(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void anUnfinishedWriterLeavesNoShardThatCouldBeRead() throws IOException {
        try (var writer = new TokenShardWriter(directory, 10, TestCorpora.TOKENIZER_SHA, 100)) {
            writer.append("d", new int[] {1, 2, 3}, 3);
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).isEmpty();
        }
        assertThatThrownBy(() -> TokenShards.open(directory)).isInstanceOf(TroupeException.class);
    }

    @Test
    void tokensOutsideTheVocabularyAreRefused() {
        try (var writer = new TokenShardWriter(directory, 10, TestCorpora.TOKENIZER_SHA, 100)) {
            assertThatThrownBy(() -> writer.append("d", new int[] {10}, 1))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void everyTruncationIsNoticed() throws IOException {
        TestCorpora.counting(directory, 100, 1_000);
        Path file = directory.resolve("shard-00000.tokens");
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            requireRefused(file.toString(), "length " + length);
        }
        Files.write(file, Arrays.copyOf(whole, whole.length + 1));
        requireRefused(file.toString(), "one byte more");
    }

    @Test
    void everyChangedByteIsNoticed() throws IOException {
        TestCorpora.counting(directory, 100, 1_000);
        Path file = directory.resolve("shard-00000.tokens");
        byte[] whole = Files.readAllBytes(file);
        for (int at = 0; at < whole.length; at++) {
            byte[] changed = whole.clone();
            changed[at] ^= 0x10;
            Files.write(file, changed);
            requireRefused(file.toString(), "byte " + at);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3})
    void aMissingShardIsNoticed(int missing) throws IOException {
        TestCorpora.counting(directory, 100, 25);
        Path file = directory.resolve(ShardHeader.fileName(missing));
        Files.delete(file);
        requireRefused(file.toString(), "shard " + missing);
    }

    @Test
    void aShardInAnothersPlaceIsNoticed() throws IOException {
        TestCorpora.counting(directory, 100, 25);
        Files.copy(
                directory.resolve(ShardHeader.fileName(2)),
                directory.resolve(ShardHeader.fileName(1)),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        requireRefused(ShardHeader.fileName(1), "wrong number");
    }

    @Test
    void shardsOfTwoTokenizersAreNotMixed() throws IOException {
        Path other = directory.resolve("other");
        TestCorpora.write(other, 500, 25, List.of(new TestCorpora.TokenDocument("d", new int[100], 1)));
        TestCorpora.counting(directory, 100, 25);
        Files.copy(
                other.resolve(ShardHeader.fileName(1)),
                directory.resolve(ShardHeader.fileName(1)),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        requireRefused("different tokenizers", "mixed");
    }

    @Test
    void anotherTokenizerThanTheModelsIsNoticed() {
        TokenShards shards = TestCorpora.counting(directory, 10, 100);
        assertThat(shards.requireTokenizer(TestCorpora.TOKENIZER_SHA)).isSameAs(shards);
        assertThatThrownBy(() -> shards.requireTokenizer("cd".repeat(32)))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining("another tokenizer");
    }

    private void requireRefused(String named, String what) {
        assertThatThrownBy(() -> TokenShards.open(directory))
                .as(what)
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(named)
                .hasMessageContaining("prepare the corpus again");
    }
}
