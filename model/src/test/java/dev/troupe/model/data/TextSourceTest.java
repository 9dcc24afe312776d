package dev.troupe.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextSourceTest {
    @TempDir
    Path directory;

    private Path write(String name, String text) throws IOException {
        return write(name, text.getBytes(StandardCharsets.UTF_8));
    }

    private Path write(String name, byte[] bytes) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, bytes);
    }

    private static List<Document> read(DocumentSource source) {
        var documents = new ArrayList<Document>();
        source.forEach(documents::add);
        return documents;
    }

    private static void requireRefused(Path path, String... named) {
        assertThatThrownBy(() -> read(TextSource.open(path)))
                .isInstanceOf(TroupeException.class)
                .hasMessageContainingAll(named);
    }

    @Test
    void aFileKeepsItsExactText() throws IOException {
        String text = "\n  First Citizen:\r\nB\u00e9, \uD83D\uDE00.\n\n\nEnd\n";
        assertThat(read(TextSource.open(write("book.txt", text)))).containsExactly(new Document("book.txt", text));
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void linesOfAnyLengthKeepTheirText(long seed) throws IOException {
        var random = new Random(seed);
        var text = new StringBuilder();
        for (int line = 0; line < 6; line++) {
            int length = new int[] {0, 1, 65_535, 65_536, 65_537, 200_000}[random.nextInt(6)];
            text.append("\u00e9x".repeat(length / 2)).append(random.nextBoolean() ? "\n" : "\r\n");
        }
        assertThat(read(TextSource.open(write("long.txt", text.toString()))))
                .containsExactly(new Document("long.txt", text.toString()));
    }

    @Test
    void separatorLinesDivideAFile() throws IOException {
        Path file = write(
                "stories.txt",
                "<|endoftext|>\none\n\nstill one\n<|endoftext|>\r\n\n<|endoftext|>\ntwo <|endoftext|> inside\n<|endoftext|>\n"
                        + "three\n<|endoftext|>");
        assertThat(read(TextSource.open(file)))
                .extracting(Document::text)
                .containsExactly("one\n\nstill one", "two <|endoftext|> inside", "three");
        assertThat(read(TextSource.open(file))).extracting(Document::id).doesNotHaveDuplicates();
    }

    @Test
    void aFolderIsReadInOrderOfPaths() throws IOException {
        write("b.txt", "b");
        write("a/z.md", "z");
        write("a/c.TEXT", "c");
        write("a/pages.txt", "1\n<|endoftext|>\n2");
        write("a/.hidden.txt", "hidden");
        write(".git/config.txt", "hidden");
        write("image.png", new byte[] {0, 1, 2});
        write("empty.txt", "");
        TextSource source = TextSource.open(directory);
        assertThat(read(source))
                .containsExactly(
                        new Document("a/c.TEXT", "c"),
                        new Document("a/pages.txt#0", "1"),
                        new Document("a/pages.txt#1", "2"),
                        new Document("a/z.md", "z"),
                        new Document("b.txt", "b"));
        assertThat(source.notes()).singleElement().asString().contains("1 file", ".txt");
    }

    @Test
    void aFolderWithoutTextNamesIsReadWhereItIsText() throws IOException {
        write("README", "read me");
        write("data.bin", new byte[] {65, 0, 66});
        TextSource source = TextSource.open(directory);
        assertThat(read(source)).containsExactly(new Document("README", "read me"));
        assertThat(source.notes()).singleElement().asString().contains("data.bin", "offset 1");
        assertThat(read(source)).hasSize(1);
        assertThat(source.notes()).as("notes do not add up over readings").hasSize(1);
    }

    @Test
    void aByteOrderMarkIsNoText() throws IOException {
        assertThat(read(TextSource.open(write("bom.txt", "\uFEFFtext"))))
                .containsExactly(new Document("bom.txt", "text"));
    }

    @Test
    void strayMalformedBytesAreReplacedAndCounted() throws IOException {
        TextSource source = TextSource.open(write("stray.txt", new byte[] {'a', (byte) 0xE9, 'b', (byte) 0xC3}));
        assertThat(read(source)).containsExactly(new Document("stray.txt", "a\uFFFDb\uFFFD"));
        assertThat(source.notes()).singleElement().asString().contains("2 malformed");
    }

    @Test
    void genuineReplacementCharactersAreNotCounted() throws IOException {
        TextSource source = TextSource.open(write("genuine.txt", "a\uFFFDb".repeat(1_000)));
        assertThat(read(source)).hasSize(1);
        assertThat(source.notes()).isEmpty();
    }

    @Test
    void latin1IsRefusedWithTheRemedy() throws IOException {
        Path file = write("latin1.txt", "d\u00e9j\u00e0 vu ".repeat(100).getBytes(StandardCharsets.ISO_8859_1));
        requireRefused(file, file.toString(), "no UTF-8", "offset", "iconv");
    }

    @Test
    void binaryIsRefusedWithTheOffset() throws IOException {
        byte[] bytes = new byte[70_000];
        java.util.Arrays.fill(bytes, (byte) 'x');
        bytes[69_000] = 0;
        Path file = write("model.txt", bytes);
        requireRefused(file, file.toString(), "NUL", "69000");
        requireRefused(directory, file.toString(), "NUL");
    }

    @Test
    void randomBytesAreRefused() throws IOException {
        byte[] bytes = new byte[4_096];
        new Random(5).nextBytes(bytes);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = bytes[i] == 0 ? 1 : bytes[i];
        }
        requireRefused(write("random.txt", bytes), "random.txt", "malformed");
    }

    @Test
    void emptyCorporaAreRefused() throws IOException {
        requireRefused(directory, directory.toString(), "no files");
        Path file = write("empty.txt", "");
        requireRefused(file, file.toString(), "no text");
        requireRefused(directory, directory.toString(), "no text");
        requireRefused(write("separators.txt", "<|endoftext|>\n<|endoftext|>\n"), "no text");
    }

    @Test
    void missingIsRefused() {
        requireRefused(directory.resolve("nowhere"), "nowhere", "there is no file");
    }

    @Test
    void withoutPermissionIsRefused() throws IOException {
        Path file = write("secret.txt", "text");
        Files.setPosixFilePermissions(file, Set.of());
        Assumptions.assumeFalse(Files.isReadable(file), "this user may read everything: permissions cannot be tested");
        requireRefused(file, "secret.txt", "permission");
        requireRefused(directory, "secret.txt", "permission");
    }

    @Test
    void aFileThatGoesAwayIsRefused() throws IOException {
        Path file = write("gone.txt", "text");
        TextSource source = TextSource.open(file);
        Files.delete(file);
        assertThatThrownBy(() -> read(source))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("gone.txt");
        assertThatThrownBy(source::fingerprint)
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("gone.txt");
    }

    @Test
    void theFingerprintFollowsTheFiles() throws IOException {
        write("a.txt", "one");
        String before = TextSource.open(directory).fingerprint();
        assertThat(TextSource.open(directory).fingerprint()).isEqualTo(before);
        write("a.txt", "another");
        String changed = TextSource.open(directory).fingerprint();
        write("b.txt", "more");
        assertThat(TextSource.open(directory).fingerprint()).isNotEqualTo(changed);
        assertThat(changed).isNotEqualTo(before);
    }

    @Test
    void readingStopsEarlyWithoutReadingAll() throws IOException {
        write("a.txt", "first");
        write("b.txt", new byte[] {0});
        try (var documents = TextSource.open(directory).documents()) {
            assertThat(documents.findFirst()).contains(new Document("a.txt", "first"));
        }
    }
}
