package dev.troupe.deploy.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;

final class BriefManifestTest {
    @Test
    void leavesOutSectionsThatOnlyNameAFile() throws IOException {
        byte[] brief = BriefManifest.in(bytes("""
                        Manifest-Version: 1.0
                        Automatic-Module-Name: some.module

                        Name: some/One.class

                        Name: some/
                        Sealed: true

                        Name: some/Other.class

                        """)).orElseThrow();
        Manifest manifest = new Manifest(new ByteArrayInputStream(brief));
        assertThat(manifest.getEntries()).containsOnlyKeys("some/");
        assertThat(manifest.getAttributes("some/").getValue(Attributes.Name.SEALED))
                .isEqualTo("true");
        assertThat(manifest.getMainAttributes().getValue("Automatic-Module-Name"))
                .isEqualTo("some.module");
        assertThat(BriefManifest.in(brief)).isEmpty();
    }

    @Test
    void leavesAManifestOfOnlyItsMainSectionAsItIs() throws IOException {
        assertThat(BriefManifest.in(bytes("Manifest-Version: 1.0\nMulti-Release: true\n\n")))
                .isEmpty();
    }

    private static byte[] bytes(String manifest) {
        return manifest.getBytes(StandardCharsets.UTF_8);
    }
}
