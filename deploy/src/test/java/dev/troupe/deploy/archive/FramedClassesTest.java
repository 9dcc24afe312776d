package dev.troupe.deploy.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class FramedClassesTest {
    private static byte[][] instructions(ClassModel model) {
        return model.methods().stream()
                .flatMap(method -> method.code().stream())
                .map(code -> ((CodeAttribute) code).codeArray())
                .toArray(byte[][]::new);
    }

    @Test
    void oldClassesGetFramesThatAreRight() throws Exception {
        // of the library that every command begins with, which is of Java 5
        List<byte[]> old = ClassFiles.beside(CommandLine.class, "picocli/");
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
