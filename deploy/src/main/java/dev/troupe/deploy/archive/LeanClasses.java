package dev.troupe.deploy.archive;

import java.lang.classfile.Annotation;
import java.lang.classfile.AnnotationElement;
import java.lang.classfile.AnnotationValue;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.attribute.RuntimeInvisibleAnnotationsAttribute;
import java.lang.classfile.attribute.RuntimeVisibleAnnotationsAttribute;
import java.lang.classfile.attribute.SourceDebugExtensionAttribute;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A class file without what only compilers and debuggers read: names of local variables, what no program can ask for
 * (unknown attributes, annotations that are not visible at run time), and the descriptions of types that Scala's
 * compiler keeps in an annotation. The JVM would keep all of these, and each word of them as a symbol: in the archive
 * of a node's classes an eighth of what is only read. The annotation itself stays, because libraries ask for it to know
 * what is of Scala; lines stay, for stack traces, and names of parameters, signatures and instructions, too.
 */
final class LeanClasses {
    private static final Logger LOG = LoggerFactory.getLogger(LeanClasses.class);

    /** Frames are made anew, as all constants have other numbers; classes are looked up, but not loaded. */
    private static final ClassFile FORMAT = ClassFile.of(
            ClassFile.ConstantPoolSharingOption.NEW_POOL,
            ClassFile.DebugElementsOption.DROP_DEBUG,
            ClassFile.AttributesProcessingOption.DROP_UNKNOWN_ATTRIBUTES,
            ClassFile.ClassHierarchyResolverOption.of(
                    ClassHierarchyResolver.ofResourceParsing(LeanClasses.class.getClassLoader())
                            .cached(ConcurrentHashMap::new)));

    private static final Set<String> TYPES_OF_SCALA =
            Set.of("Lscala/reflect/ScalaSignature;", "Lscala/reflect/ScalaLongSignature;");

    private LeanClasses() {}

    /**
     * The same class with less.
     *
     * @param file a whole class file, which has frames
     * @return empty when it is as short already, or when its code is about classes that are not on the class path of
     *     this process, so that no frames can be made for it
     * @throws IllegalArgumentException when it is no class file that is understood
     */
    static Optional<byte[]> in(byte[] file) {
        ClassModel model = FORMAT.parse(file);
        try {
            byte[] lean = FORMAT.transformClass(model, LeanClasses::withWhatIsRead);
            return lean.length < file.length ? Optional.of(lean) : Optional.empty();
        } catch (IllegalArgumentException e) {
            LOG.debug("{} stays as it is", model.thisClass().asInternalName(), e);
            return Optional.empty();
        }
    }

    private static void withWhatIsRead(ClassBuilder builder, ClassElement element) {
        switch (element) {
            case RuntimeInvisibleAnnotationsAttribute _, SourceDebugExtensionAttribute _ -> {}
            case RuntimeVisibleAnnotationsAttribute visible ->
                builder.with(RuntimeVisibleAnnotationsAttribute.of(visible.annotations().stream()
                        .map(LeanClasses::withoutTypes)
                        .toList()));
            default -> builder.with(element);
        }
    }

    private static Annotation withoutTypes(Annotation annotation) {
        return TYPES_OF_SCALA.contains(annotation.className().stringValue())
                ? Annotation.of(
                        annotation.className(),
                        annotation.elements().stream()
                                .map(element -> AnnotationElement.of(element.name(), none(element.value())))
                                .toList())
                : annotation;
    }

    /** Of the same type, for who asks. */
    private static AnnotationValue none(AnnotationValue value) {
        return value instanceof AnnotationValue.OfArray ? AnnotationValue.ofArray() : AnnotationValue.ofString("");
    }
}
