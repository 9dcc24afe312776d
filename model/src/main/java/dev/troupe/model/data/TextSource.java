package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.io.File;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * The user's own text, in UTF-8.
 *
 * <ul>
 *   <li>A file: where a line holds only {@value TextFileReader#SEPARATOR}, one document ends and another begins;
 *       without such a line the file is one document, exactly as it is.
 *   <li>A folder: the files below it, in the order of their paths, read in the same way. Files named {@code .txt},
 *       {@code .md}, {@code .markdown} or {@code .text} count; when there are none of these, all files that are text.
 *       Hidden files and folders are passed over.
 * </ul>
 *
 * A byte-order mark is dropped. Single malformed sequences become U+FFFD and are counted in {@link #notes}; a file with
 * NUL bytes or many malformed sequences is not taken for text.
 */
public final class TextSource implements DocumentSource {
    private static final List<String> EXTENSIONS = List.of(".txt", ".md", ".markdown", ".text");

    private final Path root;
    private final List<Path> files;
    /** Whether files that turn out to be no text are passed over, not refused. */
    private final boolean guessing;

    private final List<String> openingNotes;
    private volatile List<String> readingNotes = List.of();

    private TextSource(Path root, List<Path> files, boolean guessing, List<String> openingNotes) {
        this.root = root;
        this.files = files;
        this.guessing = guessing;
        this.openingNotes = openingNotes;
    }

    /**
     * The text in a file, or in the files below a folder.
     *
     * @throws TroupeException when it is missing or unreadable, or a folder holds no file that could be text
     */
    public static TextSource open(Path fileOrDirectory) {
        if (!Files.exists(fileOrDirectory)) {
            throw new TroupeException("there is no file or folder " + fileOrDirectory + ": check the path");
        }
        if (!Files.isReadable(fileOrDirectory)) {
            throw new TroupeException("no permission to read " + fileOrDirectory);
        }
        if (!Files.isDirectory(fileOrDirectory)) {
            return new TextSource(fileOrDirectory, List.of(fileOrDirectory), false, List.of());
        }
        List<Path> visible;
        try (Stream<Path> walk = Files.walk(fileOrDirectory)) {
            visible = walk.filter(Files::isRegularFile)
                    .filter(path -> !isHidden(fileOrDirectory.relativize(path)))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new TroupeException("cannot list " + fileOrDirectory + ": " + e.getMessage(), e);
        }
        List<Path> named = visible.stream().filter(TextSource::hasTextName).toList();
        if (visible.isEmpty()) {
            throw new TroupeException("there are no files in " + fileOrDirectory
                    + ": put UTF-8 text files there (hidden ones do not count)");
        }
        int others = visible.size() - named.size();
        if (named.isEmpty()) {
            return new TextSource(fileOrDirectory, visible, true, List.of());
        }
        List<String> skipped = others == 0
                ? List.of()
                : List.of("passed over " + others + " files that are not named as text ("
                        + String.join(", ", EXTENSIONS) + ")");
        return new TextSource(fileOrDirectory, named, false, skipped);
    }

    private static boolean isHidden(Path relative) {
        for (Path part : relative) {
            if (part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasTextName(Path path) {
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        return EXTENSIONS.stream().anyMatch(name::endsWith);
    }

    @Override
    public String name() {
        return root.toString();
    }

    /** Digest of the paths, sizes and modification times of the files, not of what is in them. */
    @Override
    public String fingerprint() {
        var digest = new Sha256();
        for (Path file : files) {
            try {
                digest.addString(id(file))
                        .addLong(Files.size(file))
                        .addLong(Files.getLastModifiedTime(file).toMillis());
            } catch (IOException e) {
                throw cannotRead(file, e);
            }
        }
        return digest.hex();
    }

    @Override
    public Stream<Document> documents() {
        var reading = new Reading();
        var iterator = Spliterators.spliteratorUnknownSize(reading, Spliterator.ORDERED | Spliterator.NONNULL);
        return StreamSupport.stream(iterator, false).onClose(reading::close);
    }

    /** What was passed over and repaired, as far as the last complete reading saw it. */
    @Override
    public List<String> notes() {
        return Stream.concat(openingNotes.stream(), readingNotes.stream()).toList();
    }

    private String id(Path file) {
        return file.equals(root)
                ? file.getFileName().toString()
                : root.relativize(file).toString().replace(File.separatorChar, '/');
    }

    private static TroupeException cannotRead(Path file, IOException e) {
        String reason = e instanceof AccessDeniedException ? "permission denied" : e.getMessage();
        return new TroupeException("cannot read " + file + ": " + reason, e);
    }

    /** One pass over all files; at most one is open. */
    private final class Reading implements Iterator<Document> {
        private final Iterator<Path> remaining = files.iterator();
        private @Nullable TextFileReader open;
        private Path openFile = root;
        private @Nullable Document next;
        private boolean ended;
        private long documents;
        private long repaired;
        private final List<String> passedOver = new ArrayList<>();

        @Override
        public boolean hasNext() {
            while (next == null && !ended) {
                try {
                    advance();
                } catch (NotTextException e) {
                    if (!guessing) {
                        throw e;
                    }
                    passedOver.add("passed over " + e.getMessage());
                    close();
                } catch (IOException e) {
                    throw cannotRead(openFile, e);
                }
            }
            return next != null;
        }

        private void advance() throws IOException {
            if (open == null) {
                if (!remaining.hasNext()) {
                    end();
                    return;
                }
                openFile = remaining.next();
                open = new TextFileReader(openFile, id(openFile));
            }
            next = open.next();
            if (next == null) {
                close();
            } else {
                documents++;
            }
        }

        private void end() {
            ended = true;
            if (repaired > 0) {
                passedOver.add("replaced " + repaired + " malformed UTF-8 sequences by U+FFFD");
            }
            readingNotes = List.copyOf(passedOver);
            if (documents == 0) {
                throw new TroupeException("there is no text in " + root
                        + (passedOver.isEmpty() ? "" : ": " + passedOver) + ": use a file or folder with UTF-8 text");
            }
        }

        @Override
        public Document next() {
            if (!hasNext() || next == null) {
                throw new NoSuchElementException();
            }
            Document document = next;
            next = null;
            return document;
        }

        void close() {
            if (open == null) {
                return;
            }
            repaired += open.malformed();
            try {
                open.close();
            } catch (IOException e) {
                throw cannotRead(openFile, e);
            } finally {
                open = null;
            }
        }
    }
}
