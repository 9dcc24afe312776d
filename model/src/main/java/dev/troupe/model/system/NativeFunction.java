package dev.troupe.model.system;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * A function of a C library whose arguments and result are whole numbers and addresses, seven arguments at most. An int
 * that it returns is the lower half of what a call returns.
 *
 * <p>All are called in one way, with seven longs: each signature of its own would cost a start some ten milliseconds,
 * for the classes that the JVM makes for it. The calling conventions of 64-bit systems allow that: a narrower argument
 * is read from the lower part of its register or place on the stack, those that a function does not have it does not
 * look for, and the caller clears the stack. On Linux, those that take any number of arguments are called no
 * differently.
 */
public final class NativeFunction {
    /** Apart, so that nothing is linked where none is called. */
    private static final class Call {
        private static final MethodHandle HANDLE = Linker.nativeLinker()
                .downcallHandle(FunctionDescriptor.of(
                        JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    }

    private static final boolean LINUX = ADDRESS.byteSize() == Long.BYTES
            && System.getProperty("os.name", "").equals("Linux");

    private final MemorySegment entry;

    private NativeFunction(MemorySegment entry) {
        this.entry = entry;
    }

    /** One that begins there. */
    public static NativeFunction at(MemorySegment entry) {
        return new NativeFunction(entry);
    }

    /** Linux's of this name, on 64 bits; empty elsewhere, and when its C library has none. */
    public static Optional<NativeFunction> ofLinux(String name) {
        return LINUX ? Linker.nativeLinker().defaultLookup().find(name).map(NativeFunction::new) : Optional.empty();
    }

    /** Calls it without arguments. */
    public long call() {
        return call(0, 0, 0, 0, 0, 0, 0);
    }

    /** Calls it with one argument. */
    public long call(long first) {
        return call(first, 0, 0, 0, 0, 0, 0);
    }

    /** Calls it with two arguments. */
    public long call(long first, long second) {
        return call(first, second, 0, 0, 0, 0, 0);
    }

    /** Calls it with three arguments. */
    public long call(long first, long second, long third) {
        return call(first, second, third, 0, 0, 0, 0);
    }

    /** Calls it with four arguments. */
    public long call(long first, long second, long third, long fourth) {
        return call(first, second, third, fourth, 0, 0, 0);
    }

    /** Calls it with five arguments. */
    public long call(long first, long second, long third, long fourth, long fifth) {
        return call(first, second, third, fourth, fifth, 0, 0);
    }

    /** Calls it with six arguments. */
    public long call(long first, long second, long third, long fourth, long fifth, long sixth) {
        return call(first, second, third, fourth, fifth, sixth, 0);
    }

    /** Calls it with seven arguments. */
    public long call(long first, long second, long third, long fourth, long fifth, long sixth, long seventh) {
        try {
            return (long) Call.HANDLE.invokeExact(entry, first, second, third, fourth, fifth, sixth, seventh);
        } catch (Throwable e) {
            throw new IllegalStateException("a function at " + entry + " could not be called", e);
        }
    }
}
