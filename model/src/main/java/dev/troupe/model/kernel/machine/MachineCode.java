package dev.troupe.model.kernel.machine;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.cache.Processor;
import dev.troupe.model.system.NativeFunction;
import dev.troupe.model.tensor.MemoryCalls;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A function of machine code that takes six numbers or addresses. It stays for the life of the process, as compiled
 * code of classes does, and has pages of its own, which are never writable and executable at once.
 */
public final class MachineCode {
    /**
     * Which instructions {@link Assembler} has, as the system calls their groups; but vpermb and vpermi2b, which are
     * asked for by {@link #unavailable(String)}.
     */
    private static final List<String> GROUPS = List.of("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni");

    /** A property that is "off" where kernels shall be the Vector API's. */
    private static final String SWITCH = "troupe.machine_code";

    private static final Logger LOG = LoggerFactory.getLogger(MachineCode.class);

    private static final Optional<String> PROBLEM = machineProblem();

    private final NativeFunction function;

    private MachineCode(MemorySegment entry) {
        this.function = NativeFunction.at(entry);
    }

    /** Why it cannot be used here; empty when it can. */
    public static Optional<String> unavailable() {
        return PROBLEM;
    }

    /** As {@link #unavailable()}, of code with this group of instructions, too. */
    public static Optional<String> unavailable(String group) {
        return PROBLEM.or(() -> missing(List.of(group), Processor.machine()));
    }

    private static Optional<String> missing(List<String> groups, Processor processor) {
        return groups.stream()
                .filter(group -> !processor.has(group))
                .map(group -> "the processor has no " + group)
                .findFirst();
    }

    private static Optional<String> machineProblem() {
        Optional<String> problem = problem(
                System.getProperty(SWITCH, "on"),
                System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                Processor.machine(),
                () -> place(nothing()).isPresent());
        problem.ifPresent(reason -> LOG.info("no machine code, the Vector API computes: {}", reason));
        return problem;
    }

    /**
     * Why machine code cannot be used.
     *
     * @param wish "off" where it shall not be
     * @param system its name and that of its architecture
     * @param executes whether the system executes what was written, asked last
     */
    static Optional<String> problem(String wish, String system, Processor processor, BooleanSupplier executes) {
        if (wish.equals("off")) {
            return Optional.of(SWITCH + " is off");
        }
        if (!system.equals("Linux amd64")) {
            return Optional.of("machine code is there for Linux on x86-64 only, this is " + system);
        }
        return missing(GROUPS, processor)
                .or(() -> executes.getAsBoolean()
                        ? Optional.empty()
                        : Optional.of("the system lets this process execute no memory that it wrote"));
    }

    private static Assembler nothing() {
        Assembler code = new Assembler();
        code.ret();
        return code;
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
        function.call(first, second, third, fourth, fifth);
    }

    /** As {@link #run(long, long, long, long, long)}, of six. */
    public void run(long first, long second, long third, long fourth, long fifth, long sixth) {
        function.call(first, second, third, fourth, fifth, sixth);
    }
}
