package dev.troupe.deploy.archive;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Optional;
import java.util.jar.Attributes;
import java.util.jar.Manifest;

/**
 * A jar's manifest without sections that say nothing: one that names a file and no more. Scala's library has such a one
 * for each of its 2,889 files, and a process that has loaded a class of it keeps them all, in 0.7 MB.
 */
final class BriefManifest {
    static final String NAME = "META-INF/MANIFEST.MF";

    private BriefManifest() {}

    /**
     * The same manifest; empty when all its sections say something.
     *
     * @throws IOException when it is no such file
     */
    static Optional<byte[]> in(byte[] file) throws IOException {
        Manifest manifest = new Manifest(new ByteArrayInputStream(file));
        if (!manifest.getEntries().values().removeIf(Attributes::isEmpty)) {
            return Optional.empty();
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        manifest.write(out);
        return Optional.of(out.toByteArray());
    }
}
