package dev.troupe.deploy.archive;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A class file whose lambdas the JVM's archive of classes can keep. Scala has its lambdas made by
 * {@link java.lang.invoke.LambdaMetafactory#altMetafactory}, as serializable ones, and the archive of JDK 25 has only
 * those that are not: a node would make some 1,700 classes at each start. Nobody here serializes a function, so the
 * call sites get the plain {@code metafactory}. The code of methods stays as it is; what changes are entries of the
 * attribute BootstrapMethods (Java Virtual Machine Specification, 4.4 and 4.7.23).
 */
final class PlainLambdas {
    private static final String METAFACTORY = "java/lang/invoke/LambdaMetafactory";
    private static final String PLAIN_TYPE = "(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;"
            + "Ljava/lang/invoke/MethodType;Ljava/lang/invoke/MethodType;Ljava/lang/invoke/MethodHandle;"
            + "Ljava/lang/invoke/MethodType;)Ljava/lang/invoke/CallSite;";

    /** What is called by one signature alone: a second method, which Scala gives each lambda, is never called. */
    private static final Pattern FUNCTION = Pattern.compile(".*\\)Lscala/Function\\d+;");

    private static final int BEFORE_POOL = 8; // the magic number and the version
    private static final int BEFORE_INTERFACES = 6; // flags, the class, the one above
    private static final int BEFORE_ATTRIBUTES = 6; // flags, the name and the type of a field or method
    private static final int MEMBERS = 2; // fields, then methods
    private static final int PLAIN_ARGUMENTS = 3;
    private static final int SERIALIZABLE = 1;
    private static final int SERIALIZABLE_WITH_BRIDGES = 5;
    private static final int INVOKE_STATIC = 6;
    /** Constants that name the plain factory. */
    private static final int ADDED = 7;

    /** Tags of constants. */
    private static final int UTF8 = 1;

    private static final int INTEGER = 3;
    private static final int FLOAT = 4;
    private static final int LONG = 5;
    private static final int DOUBLE = 6;
    private static final int CLASS = 7;
    private static final int STRING = 8;
    private static final int FIELD = 9;
    private static final int METHOD = 10;
    private static final int INTERFACE_METHOD = 11;
    private static final int NAME_AND_TYPE = 12;
    private static final int METHOD_HANDLE = 15;
    private static final int METHOD_TYPE = 16;
    private static final int DYNAMIC = 17;
    private static final int INVOKE_DYNAMIC = 18;
    private static final int MODULE = 19;
    private static final int PACKAGE = 20;

    /** A constant: its tag, and the text, the number, or the two indices that it has. */
    private record Constant(int tag, String text, int first, int second) {}

    private final byte[] file;
    private final DataInputStream in;
    private final @Nullable Constant[] pool;
    private final int poolEnd;

    private PlainLambdas(byte[] file) throws IOException {
        this.file = file;
        this.in = new DataInputStream(new ByteArrayInputStream(file));
        in.skipNBytes(BEFORE_POOL);
        pool = new Constant[in.readUnsignedShort()];
        for (int i = 1; i < pool.length; i++) {
            Constant constant = readConstant();
            pool[i] = constant;
            if (constant.tag == LONG || constant.tag == DOUBLE) {
                i++; // takes two places
            }
        }
        poolEnd = at();
    }

    /**
     * The same class with plain lambdas.
     *
     * @param file a whole class file
     * @return empty when there is nothing to change
     * @throws IllegalArgumentException when it is no class file that is understood
     */
    static Optional<byte[]> in(byte[] file) {
        try {
            return new PlainLambdas(file).changed();
        } catch (IOException | ArrayIndexOutOfBoundsException e) {
            throw new IllegalArgumentException("not a class file", e);
        }
    }

    private int at() throws IOException {
        return file.length - in.available();
    }

    private Constant readConstant() throws IOException {
        int tag = in.readUnsignedByte();
        return switch (tag) {
            case UTF8 -> new Constant(tag, in.readUTF(), 0, 0);
            case INTEGER, FLOAT -> new Constant(tag, "", in.readInt(), 0);
            case LONG, DOUBLE -> new Constant(tag, "", in.readInt(), in.readInt());
            case CLASS, STRING, METHOD_TYPE, MODULE, PACKAGE -> new Constant(tag, "", in.readUnsignedShort(), 0);
            case FIELD, METHOD, INTERFACE_METHOD, NAME_AND_TYPE, DYNAMIC, INVOKE_DYNAMIC ->
                new Constant(tag, "", in.readUnsignedShort(), in.readUnsignedShort());
            case METHOD_HANDLE -> new Constant(tag, "", in.readUnsignedByte(), in.readUnsignedShort());
            default -> throw new IOException("a constant with the tag " + tag);
        };
    }

    private Constant constant(int index) throws IOException {
        Constant constant = pool[index];
        if (constant == null) {
            throw new IOException("no constant " + index);
        }
        return constant;
    }

    private Optional<byte[]> changed() throws IOException {
        in.skipNBytes(BEFORE_INTERFACES);
        in.skipNBytes(2L * in.readUnsignedShort());
        for (int kind = 0; kind < MEMBERS; kind++) {
            for (int left = in.readUnsignedShort(); left > 0; left--) {
                in.skipNBytes(BEFORE_ATTRIBUTES);
                for (int attributes = in.readUnsignedShort(); attributes > 0; attributes--) {
                    in.skipNBytes(2);
                    in.skipNBytes(in.readInt());
                }
            }
        }
        for (int attributes = in.readUnsignedShort(); attributes > 0; attributes--) {
            String name = constant(in.readUnsignedShort()).text;
            int length = in.readInt();
            if (name.equals("BootstrapMethods")) {
                int start = at();
                byte[] methods = bootstrapMethods();
                return methods.length == length
                        ? Optional.empty() // each that changes has fewer arguments
                        : Optional.of(assembled(start, length, methods));
            }
            in.skipNBytes(length);
        }
        return Optional.empty();
    }

    /** The attribute's content, with the plain factory where that will do. */
    private byte[] bootstrapMethods() throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(content);
        int count = in.readUnsignedShort();
        out.writeShort(count);
        for (int method = 0; method < count; method++) {
            int handle = in.readUnsignedShort();
            int[] arguments = new int[in.readUnsignedShort()];
            for (int i = 0; i < arguments.length; i++) {
                arguments[i] = in.readUnsignedShort();
            }
            if (isOther(handle) && plainWillDo(method, arguments)) {
                handle = pool.length + ADDED - 1;
                arguments = Arrays.copyOf(arguments, PLAIN_ARGUMENTS);
            }
            out.writeShort(handle);
            out.writeShort(arguments.length);
            for (int argument : arguments) {
                out.writeShort(argument);
            }
        }
        return content.toByteArray();
    }

    private boolean isOther(int handle) throws IOException {
        Constant method = constant(constant(handle).second);
        String owner = constant(constant(method.first).first).text;
        String name = constant(constant(method.second).first).text;
        return owner.equals(METAFACTORY) && name.equals("altMetafactory");
    }

    /** Whether a lambda is serializable, and has nothing else that the plain factory does not give. */
    private boolean plainWillDo(int method, int[] arguments) throws IOException {
        int flags = constant(arguments[PLAIN_ARGUMENTS]).first;
        if (flags == SERIALIZABLE) {
            return true;
        }
        return flags == SERIALIZABLE_WITH_BRIDGES
                && (constant(arguments[PLAIN_ARGUMENTS + 1]).first == 0 || allAreFunctions(method));
    }

    /** Whether all call sites of a bootstrap method give functions of Scala's library. */
    private boolean allAreFunctions(int method) throws IOException {
        for (Constant site : pool) {
            if (site != null && site.tag == INVOKE_DYNAMIC && site.first == method) {
                String type = constant(constant(site.second).second).text;
                if (!FUNCTION.matcher(type).matches()) {
                    return false;
                }
            }
        }
        return true;
    }

    private byte[] assembled(int start, int length, byte[] methods) throws IOException {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(whole);
        out.write(file, 0, BEFORE_POOL);
        out.writeShort(pool.length + ADDED);
        out.write(file, BEFORE_POOL + 2, poolEnd - BEFORE_POOL - 2);
        writeAdded(out);
        out.write(file, poolEnd, start - Integer.BYTES - poolEnd);
        out.writeInt(methods.length);
        out.write(methods);
        out.write(file, start + length, file.length - start - length);
        return whole.toByteArray();
    }

    /** The constants that name the plain factory; the last of them is its handle. */
    private void writeAdded(DataOutputStream out) throws IOException {
        int next = pool.length;
        for (String text : List.of(METAFACTORY, "metafactory", PLAIN_TYPE)) {
            out.writeByte(UTF8);
            out.writeUTF(text);
        }
        int owner = next++;
        int name = next++;
        int type = next++;
        out.writeByte(CLASS);
        out.writeShort(owner);
        int ownerClass = next++;
        out.writeByte(NAME_AND_TYPE);
        out.writeShort(name);
        out.writeShort(type);
        int nameAndType = next++;
        out.writeByte(METHOD);
        out.writeShort(ownerClass);
        out.writeShort(nameAndType);
        out.writeByte(METHOD_HANDLE);
        out.writeByte(INVOKE_STATIC);
        out.writeShort(next);
    }
}
