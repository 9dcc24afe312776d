package dev.troupe.deploy.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.ActorSystem;
import java.lang.classfile.AttributedElement;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.LocalVariableType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import scala.Option;
import scala.jdk.FunctionWrappers;
import scala.reflect.ScalaLongSignature;
import scala.reflect.ScalaSignature;

class LeanClassesTest {
    /** Fields and methods with their flags and types, and of code each instruction with its line. */
    private static List<String> whatRuns(ClassModel model) {
        List<String> all = new ArrayList<>();
        all.add(model.flags() + " " + name(model.thisClass())
                + model.superclass().map(LeanClassesTest::name)
                + model.interfaces().stream().map(LeanClassesTest::name).toList());
        all.add(signature(model));
        model.fields()
                .forEach(field ->
                        all.add(field.flags() + " " + field.fieldName() + " " + field.fieldType() + signature(field)));
        for (MethodModel method : model.methods()) {
            all.add(method.flags() + " " + method.methodName() + " " + method.methodType() + signature(method));
            method.code().ifPresent(code -> {
                code.exceptionHandlers()
                        .forEach(handler ->
                                all.add("catch " + handler.catchType().map(LeanClassesTest::name)));
                int line = 0;
                for (CodeElement element : code) {
                    if (element instanceof LineNumber number) {
                        line = number.line();
                    } else if (element instanceof Instruction) {
                        // a constant's instruction is longer where its number is large
                        all.add(line + " " + element.toString().replace("LDC_W", "LDC"));
                    }
                }
            });
        }
        return all;
    }

    private static String name(ClassEntry type) {
        return type.asInternalName();
    }

    private static String signature(AttributedElement element) {
        return element.findAttribute(Attributes.signature())
                .map(signature -> signature.signature().stringValue())
                .orElse("");
    }

    private static boolean namesVariables(ClassModel model) {
        return model.methods().stream()
                .flatMap(method -> method.code().stream())
                .flatMap(code -> code.elementStream())
                .anyMatch(element -> element instanceof LocalVariable || element instanceof LocalVariableType);
    }

    /** The class as it is without what nobody reads, beside the one that is there, which others know. */
    private static Class<?> loadLean(String name) throws Exception {
        return ClassFiles.load(name, LeanClasses.in(ClassFiles.of(name)).orElseThrow(), false);
    }

    @Test
    void aLibraryRunsAsBefore() throws Exception {
        List<byte[]> classes = ClassFiles.beside(ActorSystem.class, "");
        assertThat(classes).hasSizeGreaterThan(1000);
        long before = 0;
        long after = 0;
        for (byte[] file : classes) {
            byte[] lean = LeanClasses.in(file).orElse(file);
            before += file.length;
            after += lean.length;
            ClassModel model = ClassFile.of().parse(lean);
            String name = model.thisClass().asInternalName();
            assertThat(namesVariables(model)).as(name).isFalse();
            assertThat(whatRuns(model))
                    .as(name)
                    .isEqualTo(whatRuns(ClassFile.of().parse(file)));
            assertThat(ClassFile.of().verify(lean)).as(name).isEmpty();
        }
        assertThat(after).isLessThan(before * 9 / 10);
    }

    @Test
    void whatIsOfScalaStillSaysSo() throws Exception {
        assertThat(Option.class.getAnnotation(ScalaSignature.class).bytes()).isNotEmpty();
        assertThat(loadLean(Option.class.getName())
                        .getAnnotation(ScalaSignature.class)
                        .bytes())
                .isEmpty();
        // the types of many classes are too long for one text
        assertThat(FunctionWrappers.class
                        .getAnnotation(ScalaLongSignature.class)
                        .bytes())
                .isNotEmpty();
        assertThat(loadLean(FunctionWrappers.class.getName())
                        .getAnnotation(ScalaLongSignature.class)
                        .bytes())
                .isEmpty();
    }

    @Test
    void whatIsNoClassFileIsNamed() {
        assertThatThrownBy(() -> LeanClasses.in(new byte[40])).isInstanceOf(IllegalArgumentException.class);
    }
}
