package dev.troupe.deploy.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class FramedClassesTest {
    /** All classes of the library that every command begins with, which is of Java 5. */
    private static List<byte[]> oldClasses() throws IOException, URISyntaxException {
        Path jar = Path.of(CommandLine.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        try (ZipFile zip = new ZipFile(jar.toFile());
                Stream<? extends ZipEntry> entries = zip.stream()) {
            List<byte[]> classes = new ArrayList<>();
            for (ZipEntry entry : entries.toList()) {
                if (entry.getName().startsWith("picocli/") && entry.getName().endsWith(".class")) {
                    classes.add(zip.getInputStream(entry).readAllBytes());
                }
            }
            return classes;
        }
    }

    private static byte[][] instructions(ClassModel model) {
        return model.methods().stream()
                .flatMap(method -> method.code().stream())
                .map(code -> ((CodeAttribute) code).codeArray())
                .toArray(byte[][]::new);
    }

    @Test
    void oldClassesGetFramesThatAreRight() throws Exception {
        List<byte[]> old = oldClasses();
        assertThat(old).hasSizeGreaterThan(200);
        for (byte[] file : old) {
            ClassModel before = ClassFile.of().parse(file);
            assertThat(before.majorVersion()).isLessThan(ClassFile.JAVA_6_VERSION);
            byte[] framed = FramedClasses.in(file).orElseThrow();
            ClassModel after = ClassFile.of().parse(framed);
            assertThat(after.majorVersion()).isEqualTo(ClassFile.JAVA_7_VERSION);
            assertThat(ClassFile.of().verify(framed))
                    .as(after.thisClass().asInternalName())
                    .isEmpty();
            assertThat(instructions(after)).isDeepEqualTo(instructions(before));
            assertThat(FramedClasses.in(framed)).as("a second run").isEmpty();
        }
    }

    @Test
    void whatIsNoClassFileIsNamed() {
        assertThatThrownBy(() -> FramedClasses.in(new byte[40])).isInstanceOf(IllegalArgumentException.class);
    }
}
