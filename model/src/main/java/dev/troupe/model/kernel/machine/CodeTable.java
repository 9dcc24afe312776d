package dev.troupe.model.kernel.machine;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntFunction;

/** Machine code of one kind for several sizes, each written when it is first asked for. */
public final class CodeTable {
    private final AtomicReferenceArray<MachineCode> codes;
    private final IntFunction<Assembler> writer;

    /**
     * A table without any code yet.
     *
     * @param sizes how many there are
     * @param writer writes the code of a size, from 0 on
     */
    public CodeTable(int sizes, IntFunction<Assembler> writer) {
        this.codes = new AtomicReferenceArray<>(sizes);
        this.writer = writer;
    }

    /** The code of a size. */
    public MachineCode of(int size) {
        MachineCode code = codes.get(size);
        return code == null ? install(size) : code;
    }

    private synchronized MachineCode install(int size) {
        MachineCode code = codes.get(size);
        if (code == null) {
            code = MachineCode.install(writer.apply(size));
            codes.set(size, code);
        }
        return code;
    }
}
