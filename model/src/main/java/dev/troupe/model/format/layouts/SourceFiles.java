package dev.troupe.model.format.layouts;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What tells of files that they are the ones of another time, without reading them. */
final class SourceFiles {
    private SourceFiles() {}

    /**
     * Name, number, size, and times of change of a model's file, or of each in its directory. On a file system that has
     * none of the last one, a file that was changed and given its old time again is not noticed. Of what is not there,
     * nothing.
     */
    static String stamp(Path model) {
        if (!Files.exists(model)) {
            return "";
        }
        try {
            if (Files.isRegularFile(model)) {
                return one(model);
            }
            List<Path> all;
            try (Stream<Path> files = Files.list(model)) {
                all = files.filter(Files::isRegularFile).sorted().toList();
            }
            return all.stream().map(SourceFiles::stamp).collect(Collectors.joining("\n"));
        } catch (IOException e) {
            throw new TroupeException(model + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static String nanos(FileTime time) {
        return time.to(TimeUnit.NANOSECONDS) + "";
    }

    private static String one(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        FileStore store = Files.getFileStore(file);
        boolean unix = store.supportsFileAttributeView("unix");
        String changed = unix ? nanos((FileTime) Files.getAttribute(file, "unix:ctime")) : "";
        return file.getFileName() + " " + attributes.fileKey() + " " + attributes.size() + " "
                + nanos(attributes.lastModifiedTime()) + " " + changed;
    }
}
