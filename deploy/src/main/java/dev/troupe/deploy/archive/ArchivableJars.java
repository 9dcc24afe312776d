package dev.troupe.deploy.archive;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * What is on the class path in place of a distribution's jars, for the archive of classes: copies of those in which
 * {@link PlainLambdas}, {@link FramedClasses}, {@link LeanClasses}, {@link BriefConfig} or {@link BriefManifest}
 * changes something, and links to the others. Our own are left as they are, because a build replaces them.
 */
public final class ArchivableJars {
    private static final String OWN = "troupe-";

    private ArchivableJars() {}

    /** Fills the second folder, which must exist, with copies of and links to what is in the first. */
    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            throw new IllegalArgumentException("two folders are needed: of jars, and for copies");
        }
        copy(Path.of(args[0]), Path.of(args[1]));
    }

    /** Links are relative, so that the two may be moved together. */
    private static void copy(Path from, Path to) throws IOException {
        List<Path> jars;
        try (Stream<Path> files = Files.list(from)) {
            jars = files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        }
        try {
            jars.parallelStream().forEach(jar -> place(jar, to));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static void place(Path jar, Path to) {
        Path place = to.resolve(jar.getFileName());
        try {
            Map<String, byte[]> changed = jar.getFileName().toString().startsWith(OWN) ? Map.of() : changed(jar);
            if (changed.isEmpty()) {
                Files.createSymbolicLink(place, to.toAbsolutePath().relativize(jar.toAbsolutePath()));
            } else {
                write(changed, place);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All files of a jar in their order, or none when none of them changes. */
    private static Map<String, byte[]> changed(Path jar) throws IOException {
        Map<String, byte[]> content = new LinkedHashMap<>(); // its manifest stays first
        boolean changed = false;
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                byte[] bytes = zip.getInputStream(entry).readAllBytes();
                if (entry.getName().matches("META-INF/.*\\.(SF|RSA|DSA|EC)")) {
                    return Map.of(); // it is signed, and would not be any more
                }
                Optional<byte[]> other = other(entry.getName(), bytes);
                changed |= other.isPresent();
                content.put(entry.getName(), other.orElse(bytes));
            }
        }
        return changed ? content : Map.of();
    }

    private static Optional<byte[]> other(String name, byte[] file) throws IOException {
        if (name.equals(BriefManifest.NAME)) {
            return BriefManifest.in(file);
        }
        if (name.equals("reference.conf")) {
            return BriefConfig.in(file);
        }
        if (!isClass(name)) {
            return Optional.empty();
        }
        Optional<byte[]> kept = PlainLambdas.in(file).or(() -> FramedClasses.in(file)); // what is old has no lambdas
        return LeanClasses.in(kept.orElse(file)).or(() -> kept);
    }

    /** And not of another release than the one that runs, nor a description of a module. */
    private static boolean isClass(String name) {
        return name.endsWith(".class") && !name.startsWith("META-INF/") && !name.endsWith("module-info.class");
    }

    private static void write(Map<String, byte[]> content, Path to) throws IOException {
        try (ZipOutputStream out = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(to)))) {
            out.setLevel(Deflater.BEST_SPEED); // its classes are read from the archive
            for (Map.Entry<String, byte[]> entry : content.entrySet()) {
                out.putNextEntry(new ZipEntry(entry.getKey()));
                out.write(entry.getValue());
            }
        }
    }
}
