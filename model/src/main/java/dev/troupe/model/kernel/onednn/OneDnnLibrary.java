package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.cache.Processor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The shared libraries of the artifact {@code org.bytedeco:dnnl}, in a folder where the dynamic linker finds them:
 * {@code troupe.onednn.folder}, or one of this user's under {@code java.io.tmpdir}. They are kept there; a file with
 * another checksum is replaced, by one rename, so that processes may start at the same time ({@link UnpackedFile}).
 */
final class OneDnnLibrary {
    private static final String FOLDER_PROPERTY = "troupe.onednn.folder";
    private static final String RESOURCES = "/org/bytedeco/dnnl/linux-x86_64/";

    /** A library of the artifact; the checksum belongs to its version in the parent's pom.xml. */
    private record File(String name, String sha256) {}

    /** The runtime of its threads, of which one is used, beside the library that links to it. */
    private static final List<File> FILES = List.of(
            new File("libgomp.so.1", "115302e45583ad3e8df681c0a5af4c8273b7399f764965280d70d8780e5ee454"),
            new File("libdnnl.so.3", "a8948803c5718bac623b664be77fb47e24328e8693997e96e02c4308b0ee826f"));

    private static final String VERSION = "3.11";

    private OneDnnLibrary() {}

    /**
     * Why this machine cannot run it with one of these sets of instructions, found out without unpacking anything;
     * empty when it seems to be able to.
     */
    static Optional<String> unsuitable(String instructions, String others) {
        String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        if (!system.equals("Linux amd64")) {
            return Optional.of("the library is there for Linux on x86-64 only, this is " + system);
        }
        if (!Processor.machine().has(instructions) && !Processor.machine().has(others)) {
            return Optional.of("the processor has neither " + instructions + " nor " + others);
        }
        if (OneDnnLibrary.class.getResource(RESOURCES + FILES.getLast().name()) == null) {
            return Optional.of("org.bytedeco:dnnl with classifier linux-x86_64 is not on the class path");
        }
        return Optional.empty();
    }

    /**
     * Unpacks where needed and loads, for the life of the process.
     *
     * @throws IOException when the folder cannot be written
     * @throws IllegalArgumentException when the dynamic linker refuses, such as for a missing libstdc++
     */
    static SymbolLookup load() throws IOException {
        Path folder = folder();
        for (File file : FILES) {
            provide(folder, file);
        }
        SymbolLookup threads =
                SymbolLookup.libraryLookup(folder.resolve(FILES.getFirst().name()), Arena.global());
        return SymbolLookup.libraryLookup(folder.resolve(FILES.getLast().name()), Arena.global())
                .or(threads);
    }

    private static Path folder() throws IOException {
        @Nullable String chosen = System.getProperty(FOLDER_PROPERTY);
        if (chosen != null && !chosen.isBlank()) {
            return Files.createDirectories(Path.of(chosen));
        }
        String user =
                System.getProperty("user.name", "user").replaceAll("\\W", "_").toLowerCase(Locale.ROOT);
        Path folder = Path.of(System.getProperty("java.io.tmpdir"), "troupe-onednn-" + VERSION + "-" + user);
        if (!Files.isDirectory(folder)) {
            // Libraries that others could replace would be their code in our process.
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        return folder;
    }

    private static void provide(Path folder, File file) throws IOException {
        UnpackedFile target = new UnpackedFile(folder.resolve(file.name()), file.sha256());
        if (target.isIntact()) {
            return;
        }
        Path unpacked = Files.createTempFile(folder, file.name(), ".part");
        try {
            try (InputStream in = OneDnnLibrary.class.getResourceAsStream(RESOURCES + file.name())) {
                if (in == null) {
                    throw new IOException(file.name() + " is not on the class path");
                }
                Files.copy(in, unpacked, StandardCopyOption.REPLACE_EXISTING);
            }
            String sha256 = UnpackedFile.sha256(unpacked);
            if (!sha256.equals(file.sha256())) {
                throw new IOException(file.name() + " on the class path is of another version: its SHA-256 is " + sha256
                        + ", not " + file.sha256());
            }
            Files.move(unpacked, target.path(), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unpacked);
        }
    }
}
