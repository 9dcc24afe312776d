package dev.troupe.deploy.archive;

import java.io.BufferedOutputStream;
import java.io.IOException;
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
 * Copies of a distribution's jars that come before them on the class path, for the archive of classes: those in which
 * {@link PlainLambdas} or {@link FramedClasses} changes something. Our own are left as they are, because a build
 * replaces them.
 */
public final class ArchivableJars {
    private static final String OWN = "troupe-";

    private ArchivableJars() {}

    /** Copies from the first folder to the second, which must exist. */
    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            throw new IllegalArgumentException("two folders are needed: of jars, and for copies");
        }
        copy(Path.of(args[0]), Path.of(args[1]));
    }

    /** Writes the copies that are needed, of the same names. */
    static void copy(Path from, Path to) throws IOException {
        List<Path> jars;
        try (Stream<Path> files = Files.list(from)) {
            jars = files.filter(file -> file.toString().endsWith(".jar"))
                    .filter(file -> !file.getFileName().toString().startsWith(OWN))
                    .sorted()
                    .toList();
        }
        for (Path jar : jars) {
            copyWhereChanged(jar, to.resolve(jar.getFileName()));
        }
    }

    private static void copyWhereChanged(Path jar, Path to) throws IOException {
        Map<String, byte[]> content = new LinkedHashMap<>(); // its manifest stays first
        boolean changed = false;
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                byte[] bytes = zip.getInputStream(entry).readAllBytes();
                if (entry.getName().matches("META-INF/.*\\.(SF|RSA|DSA|EC)")) {
                    return; // it is signed, and would not be any more
                }
                Optional<byte[]> archivable = isClass(entry.getName()) ? archivable(bytes) : Optional.empty();
                changed |= archivable.isPresent();
                content.put(entry.getName(), archivable.orElse(bytes));
            }
        }
        if (changed) {
            write(content, to);
        }
    }

    private static Optional<byte[]> archivable(byte[] file) {
        return PlainLambdas.in(file).or(() -> FramedClasses.in(file)); // what is old has no lambdas
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
