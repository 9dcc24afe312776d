package dev.troupe.deploy.archive;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.util.Optional;

/**
 * A class file that the JVM's archive of classes can keep, of one that is too old for it. Before version 50 (Java 6)
 * code had no frames that say what is on the stack, so the JVM finds that out at each start, and its archive leaves
 * such classes out (Java Virtual Machine Specification, 4.10). They get frames, and the first version that must have
 * them; instructions stay as they are.
 */
final class FramedClasses {
    private static final ClassFile FORMAT = ClassFile.of(ClassFile.StackMapsOption.GENERATE_STACK_MAPS);
    private static final ClassTransform FRAMED = ((ClassTransform) FramedClasses::withVersion)
            .andThen(ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL));

    private FramedClasses() {}

    private static void withVersion(ClassBuilder builder, ClassElement element) {
        if (element instanceof ClassFileVersion) {
            builder.withVersion(ClassFile.JAVA_7_VERSION, 0);
        } else {
            builder.with(element);
        }
    }

    /**
     * The same class with frames.
     *
     * @param file a whole class file, whose classes above are on the class path of this process
     * @return empty when it is new enough
     * @throws IllegalArgumentException when it is no class file that is understood
     */
    static Optional<byte[]> in(byte[] file) {
        ClassModel model = FORMAT.parse(file);
        return model.majorVersion() >= ClassFile.JAVA_6_VERSION
                ? Optional.empty()
                : Optional.of(FORMAT.transformClass(model, FRAMED));
    }
}
