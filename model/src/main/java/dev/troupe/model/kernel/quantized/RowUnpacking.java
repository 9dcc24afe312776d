package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.StoredLanes;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * {@link Dequantization} of native rows, by vectors where whole ones fill a block: the same bits. Eight bits are
 * unpacked by machine code where it runs, which needs no compiler when a process starts.
 */
public final class RowUnpacking {
    private static final boolean BY_CODE = MachineCode.unavailable().isEmpty();

    /** Written when it is first used. */
    private static final class Code {
        private static final MachineCode EIGHT_BITS = MachineCode.install(writeEightBits());
    }

    private RowUnpacking() {}

    /**
     * Reads {@code elements} numbers, whose float16 are finite.
     *
     * @param from whole blocks, native
     * @param to float32, native
     */
    public static void read(StorageType type, int elements, MemorySegment from, MemorySegment to) {
        if (type == StorageType.Q8_0 && BY_CODE) {
            Code.EIGHT_BITS.run(from.address(), to.address(), elements / BlockLayout.SMALL, 0, 0);
        } else if (type == StorageType.Q8_0 && LANES >= Long.BYTES && BlockLayout.SMALL % LANES == 0) {
            eightBits(elements / BlockLayout.SMALL, from.address(), to.address());
        } else {
            Dequantization.read(type, elements, from, to);
        }
    }

    private static void eightBits(int blocks, long from, long to) {
        long block = from;
        long out = to;
        for (int b = 0; b < blocks; b++) {
            float scale = BlockLayout.half(Lanes.MEMORY, block + BlockLayout.Q8_0_SCALE);
            FloatVector scales = FloatVector.broadcast(Lanes.SPECIES, scale);
            long numbers = block + BlockLayout.Q8_0_NUMBERS;
            for (int i = 0; i < BlockLayout.SMALL; i += LANES) {
                Lanes.store(StoredLanes.bytes(numbers + i).mul(scales), out);
                out += BYTES;
            }
            block += StorageType.Q8_0.blockBytes();
        }
    }

    /** Blocks, floats, how many blocks. */
    private static Assembler writeEightBits() {
        Register from = Register.RDI;
        Register to = Register.RSI;
        Register blocks = Register.RDX;
        VectorRegister scale = zmm(0);
        int line = scale.bytes();
        int lanes = line / Float.BYTES;
        Label loop = new Label();
        Label end = new Label();
        Assembler code = new Assembler();
        code.test(blocks);
        code.jump(Condition.ZERO, end);
        code.place(loop);
        code.vcvtph2ps(scale.xmm(), at(from, BlockLayout.Q8_0_SCALE));
        code.vpbroadcastd(scale, scale.xmm());
        for (int i = 0; i < BlockLayout.SMALL / lanes; i++) {
            VectorRegister numbers = zmm(1 + i);
            code.vpmovsxbd(numbers, at(from, BlockLayout.Q8_0_NUMBERS + i * lanes));
            code.vcvtdq2ps(numbers, numbers);
            code.vmulps(numbers, numbers, scale);
            code.vmovups(at(to, i * line), numbers);
        }
        code.add(from, StorageType.Q8_0.blockBytes());
        code.add(to, BlockLayout.SMALL * Float.BYTES);
        code.repeat(blocks, loop);
        code.place(end);
        code.ret();
        return code;
    }
}
