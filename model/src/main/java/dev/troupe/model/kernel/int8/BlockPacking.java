package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.quantized.BytePacking;
import dev.troupe.model.kernel.quantized.NibblePacking;
import dev.troupe.model.tensor.StorageType;

/**
 * Lays out whole panels of a {@link BlockWeight} by machine code, which needs no compiler when a process starts: those
 * of Q8_0 as {@link BytePacking} does, with four inputs of a row side by side.
 */
final class BlockPacking {
    private static final int ROWS = 16; // registers, with two rows of Q8_0 in each
    private static final int LINE = 64;
    private static final int SCALES = (int) BlockWeight.HALVES;
    private static final int STEP = (int) BlockWeight.ROW;

    private static final VectorRegister TOP_BITS = zmm(31);

    /** Written when it is first used, where it runs. */
    private static final class Code {
        private static final MachineCode PACK =
                MachineCode.install(BytePacking.write(BlockPacking::readTopBits, BlockPacking::store));
    }

    private BlockPacking() {}

    /** Whether panels of a type can be laid out so here. */
    static boolean packs(StorageType type) {
        return (type == StorageType.Q8_0 || type == StorageType.Q4_0)
                && BlockWeight.COLUMNS == 2 * ROWS
                && MachineCode.unavailable().isEmpty();
    }

    /**
     * Lays a panel out.
     *
     * @param type of which {@link #packs} says so
     * @param rows address of the first of a panel's rows, which follow each other
     * @param panel address
     */
    static void pack(StorageType type, int k, long rows, long panel) {
        if (type == StorageType.Q4_0) {
            NibblePacking.pack(k, rows, panel);
        } else {
            Code.PACK.run(rows, type.bytes(k), panel, k / BlockWeight.RUN, 0);
        }
    }

    private static void readTopBits(Assembler code) {
        code.constant(TOP_BITS, BlockWeight.TOP_BITS);
    }

    private static void store(Assembler code) {
        for (int i = 0; i < ROWS; i++) {
            int line = i % BlockWeight.BYTE_STEPS * STEP + i / BlockWeight.BYTE_STEPS * LINE;
            code.vpxord(zmm(i), zmm(i), TOP_BITS);
            code.vmovups(at(BytePacking.PANEL, SCALES + line), zmm(i));
        }
    }
}
