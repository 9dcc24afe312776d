package dev.troupe.model.kernel.machine;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.cache.Processor;
import dev.troupe.model.tensor.MemoryCalls;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/**
 * A function of machine code that takes five numbers or addresses. It stays for the life of the process, as compiled
 * code of classes does, and has pages of its own, which are never writable and executable at once.
 */
public final class MachineCode {
    /** Which instructions {@link Assembler} has, as the system calls their groups. */
    private static final List<String> GROUPS = List.of("avx512f", "avx512bw", "avx512vl", "avx512_vnni");

    /** A property that is "off" where kernels shall be the Vector API's. */
    private static final String SWITCH = "troupe.machine_code";

    private static final MethodHandle CALL = Linker.nativeLinker()
            .downcallHandle(FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));

    private static final Optional<String> PROBLEM = problem();

    private final MemorySegment entry;

    private MachineCode(MemorySegment entry) {
        this.entry = entry;
    }

    /** Why it cannot be used here; empty when it can. */
    public static Optional<String> unavailable() {
        return PROBLEM;
    }

    /** As {@link #unavailable()}, of code with this group of instructions, too. */
    public static Optional<String> unavailable(String group) {
        return PROBLEM.or(() -> missing(List.of(group)));
    }

    private static Optional<String> missing(List<String> groups) {
        return groups.stream()
                .filter(group -> !Processor.machine().has(group))
                .map(group -> "the processor has no " + group)
                .findFirst();
    }

    private static Optional<String> problem() {
        if (System.getProperty(SWITCH, "on").equals("off")) {
            return Optional.of(SWITCH + " is off");
        }
        String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        if (!system.equals("Linux amd64")) {
            return Optional.of("machine code is there for Linux on x86-64 only, this is " + system);
        }
        Optional<String> missing = missing(GROUPS);
        if (missing.isPresent()) {
            return missing;
        }
        Assembler nothing = new Assembler();
        nothing.ret();
        return place(nothing).isEmpty()
                ? Optional.of("the system lets this process execute no memory that it wrote")
                : Optional.empty();
    }

    private static Optional<MemorySegment> place(Assembler code) {
        return MemoryCalls.SYSTEM.flatMap(calls -> calls.mapExecutable(code.toBytes()));
    }

    /**
     * Puts code that ends with a return into memory.
     *
     * @throws TroupeException when {@link #unavailable} says why not, or there is no more memory
     */
    public static MachineCode install(Assembler code) {
        unavailable().ifPresent(reason -> {
            throw new TroupeException(reason);
        });
        return new MachineCode(
                place(code).orElseThrow(() -> new TroupeException("the system has no more memory for machine code")));
    }

    /** Calls it. What it does with these is said by who wrote it. */
    public void run(long first, long second, long third, long fourth, long fifth) {
        try {
            CALL.invokeExact(entry, first, second, third, fourth, fifth);
        } catch (Throwable e) {
            throw new IllegalStateException("machine code could not be called", e);
        }
    }
}
