package dev.troupe.deploy.archive;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.constant.DynamicCallSiteDesc;
import java.lang.constant.MethodHandleDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.LambdaMetafactory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A class file whose lambdas the JVM's archive of classes can keep. Scala has its lambdas made by
 * {@link LambdaMetafactory#altMetafactory}, as serializable ones, and the archive of JDK 25 has only those that are
 * not: a node would make some 1,700 classes at each start. Nobody here serializes a function, so the call sites get the
 * plain {@code metafactory}. All other instructions stay as they are.
 */
final class PlainLambdas {
    private static final Logger LOG = LoggerFactory.getLogger(PlainLambdas.class);
    private static final ClassFile FORMAT = ClassFile.of();
    private static final ClassDesc METAFACTORY =
            LambdaMetafactory.class.describeConstable().orElseThrow();
    private static final DirectMethodHandleDesc PLAIN = MethodHandleDesc.ofMethod(
            DirectMethodHandleDesc.Kind.STATIC,
            METAFACTORY,
            "metafactory",
            MethodTypeDesc.of(
                    ConstantDescs.CD_CallSite,
                    ConstantDescs.CD_MethodHandles_Lookup,
                    ConstantDescs.CD_String,
                    ConstantDescs.CD_MethodType,
                    ConstantDescs.CD_MethodType,
                    ConstantDescs.CD_MethodHandle,
                    ConstantDescs.CD_MethodType));
    private static final int PLAIN_ARGUMENTS = 3;
    private static final String ALT_METAFACTORY = "altMetafactory";

    /** What is called by one signature alone: a second method, which Scala gives each lambda, is never called. */
    private static final Pattern FUNCTION = Pattern.compile("Lscala/Function\\d+;");

    private PlainLambdas() {}

    /**
     * The same class with plain lambdas.
     *
     * @param file a whole class file
     * @return empty when there is nothing to change, or when its code is about classes that are not on the class path
     *     of this process, so that no frames can be made for it: a part of a library that nobody here uses
     * @throws IllegalArgumentException when it is no class file that is understood
     */
    static Optional<byte[]> in(byte[] file) {
        ClassModel model = FORMAT.parse(file);
        if (!new String(file, StandardCharsets.ISO_8859_1)
                .contains(ALT_METAFACTORY)) { // most: their code need not be read
            return Optional.empty();
        }
        if (model.methods().stream().noneMatch(PlainLambdas::canChange)) {
            return Optional.empty();
        }
        try {
            return Optional.of(FORMAT.transformClass(
                    model, ClassTransform.transformingMethodBodies(PlainLambdas::canChange, PlainLambdas::withPlain)));
        } catch (IllegalArgumentException e) {
            LOG.debug("{} keeps its lambdas", model.thisClass().asInternalName(), e);
            return Optional.empty();
        }
    }

    private static boolean canChange(MethodModel method) {
        return method.code().stream().flatMap(code -> code.elementStream()).anyMatch(PlainLambdas::plainWillDo);
    }

    private static void withPlain(CodeBuilder builder, CodeElement element) {
        if (element instanceof InvokeDynamicInstruction site && plainWillDo(site)) {
            List<ConstantDesc> arguments = site.bootstrapArgs().subList(0, PLAIN_ARGUMENTS);
            builder.invokedynamic(DynamicCallSiteDesc.of(
                    PLAIN, site.name().stringValue(), site.typeSymbol(), arguments.toArray(ConstantDesc[]::new)));
        } else {
            builder.with(element);
        }
    }

    /** Whether it makes a lambda that is serializable, and has nothing else that the plain factory does not give. */
    private static boolean plainWillDo(CodeElement element) {
        if (!(element instanceof InvokeDynamicInstruction site)
                || !site.bootstrapMethod().owner().equals(METAFACTORY)
                || !site.bootstrapMethod().methodName().equals(ALT_METAFACTORY)) {
            return false;
        }
        List<ConstantDesc> arguments = site.bootstrapArgs();
        int flags = (Integer) arguments.get(PLAIN_ARGUMENTS);
        return switch (flags) {
            case LambdaMetafactory.FLAG_SERIALIZABLE -> true;
            case LambdaMetafactory.FLAG_SERIALIZABLE | LambdaMetafactory.FLAG_BRIDGES ->
                arguments.get(PLAIN_ARGUMENTS + 1).equals(0)
                        || FUNCTION.matcher(site.typeSymbol().returnType().descriptorString())
                                .matches();
            default -> false;
        };
    }
}
