package dev.troupe.deploy.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.Serializable;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeModel;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.Function1;
import scala.collection.immutable.List$;

class PlainLambdasTest {
    /** Has lambdas of several kinds. */
    private static final String CHANGED = "scala.Function$";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    /** The factories of lambdas that a class's code calls, one for each call site. */
    private static List<String> factories(byte[] file) {
        return ClassFile.of().parse(file).methods().stream()
                .flatMap(method -> method.code().stream())
                .flatMap(CodeModel::elementStream)
                .filter(InvokeDynamicInstruction.class::isInstance)
                .map(site -> ((InvokeDynamicInstruction) site).bootstrapMethod().methodName())
                .toList();
    }

    @Test
    void lambdasAreTheSameButForTheirForm() throws Exception {
        assertThat(factories(ClassFiles.of(CHANGED))).contains("altMetafactory");
        assertThat(factories(PlainLambdas.in(ClassFiles.of(CHANGED)).orElseThrow()))
                .hasSameSizeAs(factories(ClassFiles.of(CHANGED)))
                .contains("metafactory")
                .doesNotContain("altMetafactory");

        Class<?> changed =
                ClassFiles.load(CHANGED, PlainLambdas.in(ClassFiles.of(CHANGED)).orElseThrow(), true);
        Object module = changed.getField("MODULE$").get(null);
        Function1<?, ?> chain = (Function1<?, ?>)
                changed.getMethod("chain", scala.collection.Seq.class).invoke(module, List$.MODULE$.empty());
        assertThat(chain).isNotInstanceOf(Serializable.class);
        assertThat(call(chain, "unchanged")).isEqualTo("unchanged");
        assertThat(scala.Function$.MODULE$.chain(List$.MODULE$.empty())).isInstanceOf(Serializable.class);
    }

    @SuppressWarnings("unchecked")
    private static Object call(Function1<?, ?> function, Object argument) {
        return ((Function1<Object, Object>) function).apply(argument);
    }

    @Test
    void aSecondRunChangesNothing() throws IOException {
        assertThat(PlainLambdas.in(PlainLambdas.in(ClassFiles.of(CHANGED)).orElseThrow()))
                .isEmpty();
        assertThat(PlainLambdas.in(ClassFiles.of("java.lang.Object"))).isEmpty();
    }

    @Test
    void whatIsNoClassFileIsNamed() throws IOException {
        byte[] whole = ClassFiles.of(CHANGED);
        for (int length : new int[] {0, 9, 40, whole.length / 2}) {
            assertThatThrownBy(() -> PlainLambdas.in(Arrays.copyOf(whole, length)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void jarsThatChangeAreCopiedAndOthersLinked() throws Exception {
        Path from = Files.createDirectory(dir.resolve("lib"));
        Path to = Files.createDirectory(dir.resolve("copies"));
        write(from.resolve("scala.jar"), "scala/Function$.class", ClassFiles.of(CHANGED));
        write(from.resolve("troupe-own.jar"), "scala/Function$.class", ClassFiles.of(CHANGED));
        byte[] lean = LeanClasses.in(ClassFiles.of("java.lang.Object")).orElseThrow();
        write(from.resolve("other.jar"), "java/lang/Object.class", lean);
        ArchivableJars.main(new String[] {from.toString(), to.toString()});
        try (var copies = Files.list(to)) {
            assertThat(copies.filter(copy -> !Files.isSymbolicLink(copy))).containsExactly(to.resolve("scala.jar"));
        }
        for (String link : List.of("troupe-own.jar", "other.jar")) {
            assertThat(Files.readSymbolicLink(to.resolve(link))).isEqualTo(Path.of("..", "lib", link));
            assertThat(to.resolve(link)).hasSameBinaryContentAs(from.resolve(link));
        }
        try (JarFile jar = new JarFile(to.resolve("scala.jar").toFile())) {
            assertThat(jar.getInputStream(jar.getEntry("notice.txt"))).hasBinaryContent(new byte[] {1, 2});
            assertThat(jar.getInputStream(jar.getEntry("scala/Function$.class")))
                    .hasBinaryContent(LeanClasses.in(
                                    PlainLambdas.in(ClassFiles.of(CHANGED)).orElseThrow())
                            .orElseThrow());
        }
    }

    private static void write(Path jar, String name, byte[] file) throws IOException {
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar))) {
            out.putNextEntry(new ZipEntry(name));
            out.write(file);
            out.putNextEntry(new ZipEntry("notice.txt"));
            out.write(new byte[] {1, 2});
        }
    }
}
