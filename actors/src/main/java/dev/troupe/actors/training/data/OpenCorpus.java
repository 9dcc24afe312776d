package dev.troupe.actors.training.data;

import dev.troupe.model.TroupeException;
import dev.troupe.model.data.TokenShards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A corpus that a data node has open.
 *
 * @param sha256 of {@code tokens}, which takes time to compute
 * @param files what the folder looked like when it was opened
 */
record OpenCorpus(TokenShards tokens, String sha256, Map<String, Version> files) {
    /** By which a file that was written anew is noticed. */
    record Version(long bytes, long modifiedMillis, String key) {}

    /**
     * The corpus in a folder as it is now: {@code before}, or, when its files are others, opened anew with all checks.
     * Blocks.
     *
     * @param before what was open of this folder; null for nothing
     * @throws TroupeException when the folder has no corpus, or a damaged one
     */
    static OpenCorpus open(String folder, @Nullable OpenCorpus before) {
        Path path = path(folder);
        Map<String, Version> files = versions(path);
        if (before != null && before.files.equals(files)) {
            return before;
        }
        TokenShards tokens = TokenShards.open(path);
        return new OpenCorpus(tokens, tokens.sha256(), files);
    }

    private static Path path(String folder) {
        try {
            Path path = Path.of(folder);
            if (path.isAbsolute()) {
                return path;
            }
        } catch (InvalidPathException e) {
            throw new TroupeException("'" + folder + "' is no path: " + e.getMessage(), e);
        }
        throw new TroupeException("'" + folder + "' is not the whole path of a folder of token shards");
    }

    private static Map<String, Version> versions(Path folder) {
        Map<String, Version> versions = new TreeMap<>();
        if (!Files.isDirectory(folder)) {
            return versions; // opening it says so
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                versions.put(
                        file.getFileName().toString(),
                        new Version(
                                attributes.size(),
                                attributes.lastModifiedTime().toMillis(),
                                String.valueOf(attributes.fileKey())));
            }
            return versions;
        } catch (IOException e) {
            throw new TroupeException("the token shards in " + folder + " cannot be read: " + e, e);
        }
    }
}
