package dev.troupe.model.kernel.onednn;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that should have a checksum. Reading 90 MB for it takes a quarter of a second of each start, so a note beside
 * the file says which size and time of change it had when its checksum was right. The note is believed only where
 * nobody but this user can write.
 */
record UnpackedFile(Path path, String sha256) {
    private static final Logger LOG = LoggerFactory.getLogger(UnpackedFile.class);
    private static final Set<PosixFilePermission> OTHERS_WRITE =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private static final int BUFFER_BYTES = 1 << 20;

    /** Whether it is there with this checksum. */
    boolean isIntact() throws IOException {
        if (!Files.isRegularFile(path)) {
            return false;
        }
        String state = sha256 + " " + Files.size(path) + " "
                + Files.getLastModifiedTime(path).to(TimeUnit.NANOSECONDS);
        if (isPrivate() && state.equals(note())) {
            return true;
        }
        if (!sha256(path).equals(sha256)) {
            return false;
        }
        note(state);
        return true;
    }

    private Path notePath() {
        return path.toAbsolutePath().resolveSibling(path.getFileName() + ".checked");
    }

    private String note() throws IOException {
        return Files.isRegularFile(notePath())
                ? new String(Files.readAllBytes(notePath()), StandardCharsets.ISO_8859_1) // whatever is in it
                : "";
    }

    /** By one rename, as other processes may read it. */
    private void note(String state) {
        try {
            Path written = Files.createTempFile(notePath().getParent(), "note", ".part");
            try {
                Files.writeString(written, state, StandardCharsets.ISO_8859_1);
                Files.move(written, notePath(), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(written);
            }
        } catch (IOException e) { // the file is intact all the same
            LOG.info("{} is read at each start: nothing can be noted beside it: {}", path, e.toString());
        }
    }

    private boolean isPrivate() throws IOException {
        Path folder = path.toAbsolutePath().getParent();
        return Files.getOwner(folder).getName().equals(System.getProperty("user.name"))
                && Files.getOwner(path).equals(Files.getOwner(folder))
                && Collections.disjoint(Files.getPosixFilePermissions(folder), OTHERS_WRITE)
                && Collections.disjoint(Files.getPosixFilePermissions(path), OTHERS_WRITE);
    }

    /** Of a file's bytes, in hexadecimal digits. */
    static String sha256(Path file) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                digest.update(buffer, 0, count);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
