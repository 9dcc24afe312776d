package dev.troupe.deploy.archive;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Class files of this process's class path, and classes of changed ones. */
final class ClassFiles {
    private ClassFiles() {}

    static byte[] of(String name) throws IOException {
        try (InputStream in =
                ClassFiles.class.getClassLoader().getResourceAsStream(name.replace('.', '/') + ".class")) {
            return Objects.requireNonNull(in, name).readAllBytes();
        }
    }

    /** All of the jar that a class is in whose names in it begin so. */
    static List<byte[]> beside(Class<?> type, String prefix) throws IOException, URISyntaxException {
        Path jar =
                Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
        List<byte[]> files = new ArrayList<>();
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                if (entry.getName().startsWith(prefix) && entry.getName().endsWith(".class")) {
                    files.add(zip.getInputStream(entry).readAllBytes());
                }
            }
        }
        return files;
    }

    /**
     * The class of a changed file, by a loader that has it in place of the one that is there.
     *
     * @param initialize whether it is to run: others still know the one that is there
     */
    static Class<?> load(String changed, byte[] file, boolean initialize) throws ClassNotFoundException {
        ClassLoader loader = new ClassLoader(ClassFiles.class.getClassLoader()) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                return name.equals(changed) ? findClass(name) : super.loadClass(name, resolve);
            }

            @Override
            protected Class<?> findClass(String name) {
                Class<?> loaded = findLoadedClass(name);
                return loaded == null ? defineClass(name, file, 0, file.length) : loaded;
            }
        };
        return Class.forName(changed, initialize, loader);
    }
}
