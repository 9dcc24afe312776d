package dev.troupe.model.kernel.onednn;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link UnpackedFile}: when its checksum is computed, and when a note of it will do. */
class UnpackedFileTest {
    private static final String RIGHT = "what was unpacked";
    private static final String OTHER = "as long, not same";

    @TempDir
    private Path folder;

    private Path path;
    private UnpackedFile file;

    @BeforeEach
    void unpack() throws IOException {
        Assumptions.assumeTrue(
                FileSystems.getDefault().supportedFileAttributeViews().contains("posix"),
                "files have permissions here");
        Assumptions.assumeTrue(
                Files.getOwner(folder).getName().equals(System.getProperty("user.name")), "this user has a name here");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        path = folder.resolve("library.so");
        Files.writeString(path, RIGHT);
        file = new UnpackedFile(path, UnpackedFile.sha256(path));
    }

    private void write(String text, FileTime time) throws IOException {
        Files.writeString(path, text);
        Files.setLastModifiedTime(path, time);
    }

    @Test
    void aFileThatIsNotThereIsNotIntact() throws IOException {
        assertThat(new UnpackedFile(folder.resolve("none"), file.sha256()).isIntact())
                .isFalse();
    }

    @Test
    void theNoteStandsForTheChecksumOfAFileWithTheSameSizeAndTime() throws IOException {
        assertThat(file.isIntact()).isTrue();
        write(OTHER, Files.getLastModifiedTime(path));
        assertThat(file.isIntact()).as("so it was not read").isTrue();
    }

    @Test
    void aFileThatChangedIsRead() throws IOException {
        assertThat(file.isIntact()).isTrue();
        FileTime time = Files.getLastModifiedTime(path);
        write(OTHER, FileTime.fromMillis(time.toMillis() + 1000));
        assertThat(file.isIntact()).as("another time").isFalse();
        write(RIGHT.substring(1), time);
        assertThat(file.isIntact()).as("another size").isFalse();
    }

    @Test
    void aNoteOfAnotherChecksumIsNotBelieved() throws IOException {
        assertThat(file.isIntact()).isTrue();
        assertThat(new UnpackedFile(path, "0".repeat(64)).isIntact()).isFalse();
    }

    @Test
    void whereOthersMayWriteTheFileIsReadEachTime() throws IOException {
        assertThat(file.isIntact()).isTrue();
        write(OTHER, Files.getLastModifiedTime(path));
        for (Path open : new Path[] {folder, path}) {
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
            assertThat(file.isIntact()).as(open.toString()).isFalse();
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwx------"));
        }
    }

    @Test
    void whereNothingCanBeNotedTheFileIsIntactAllTheSame() throws IOException {
        Path note = Files.createDirectory(folder.resolve("library.so.checked"));
        Files.createFile(note.resolve("in the way of a rename"));
        assertThat(file.isIntact()).isTrue();
        assertThat(file.isIntact()).isTrue();
    }

    @Test
    void aDamagedNoteIsWrittenAnew() throws IOException {
        assertThat(file.isIntact()).isTrue();
        Path note = folder.resolve("library.so.checked");
        String right = Files.readString(note);
        for (byte[] damaged :
                new byte[][] {{}, {(byte) 0xFF, (byte) 0xC0}, right.substring(3).getBytes(UTF_8)}) {
            Files.write(note, damaged);
            assertThat(file.isIntact()).isTrue();
            assertThat(note).hasContent(right);
        }
        try (var left = Files.list(folder)) {
            assertThat(left).as("nothing else is left").containsExactlyInAnyOrder(path, note);
        }
    }
}
