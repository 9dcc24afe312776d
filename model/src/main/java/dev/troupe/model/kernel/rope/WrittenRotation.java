package dev.troupe.model.kernel.rope;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.Lanes;

/**
 * The rotation of a row's heads as machine code, with {@link VectorRotaryEmbedding}'s bits, without waiting for a
 * compiler when a process starts.
 */
final class WrittenRotation {
    private static final boolean RUNS = Lanes.matchMachineCode();
    private static final int LINE = 64;

    /** Written when it is first used. */
    private static final class Code {
        private static final MachineCode ROTATE = MachineCode.install(rotation(false));
        private static final MachineCode BACK = MachineCode.install(rotation(true));
    }

    private WrittenRotation() {}

    /** Whether it runs here, for heads of this width: halves fill vectors. */
    static boolean runs(int headDim) {
        return RUNS && headDim % (2 * Lanes.LANES) == 0;
    }

    /**
     * Rotates heads that follow each other.
     *
     * @param heads at least 1
     * @param angles cosines, then sines, of half a head each
     * @param back whether by the opposite angles
     */
    static void rotate(int heads, int headDim, long x, long angles, boolean back) {
        long half = headDim / 2;
        MachineCode code = back ? Code.BACK : Code.ROTATE;
        code.run(x, angles, heads, half * Float.BYTES, headDim * (long) Float.BYTES, half / Lanes.LANES);
    }

    /** Numbers, angles, heads, bytes of half a head, of a head, vectors of a half. */
    private static Assembler rotation(boolean back) {
        Register x = Register.RDI;
        Register angles = Register.RSI;
        Register heads = Register.RDX;
        Register half = Register.RCX;
        Register whole = Register.R8;
        Register vectors = Register.R9;
        Register number = Register.R10;
        Register angle = Register.R11;
        Register left = Register.RAX;
        VectorRegister cos = zmm(0);
        VectorRegister sin = zmm(1);
        VectorRegister a = zmm(2);
        VectorRegister b = zmm(3);
        VectorRegister first = zmm(4);
        VectorRegister second = zmm(5);
        VectorRegister product = zmm(6);
        Label head = new Label();
        Label loop = new Label();
        Assembler code = new Assembler();
        code.place(head);
        code.mov(number, x);
        code.mov(angle, angles);
        code.mov(left, vectors);
        code.place(loop);
        code.vmovups(cos, at(angle, 0));
        code.vmovups(sin, at(angle, 0).plus(half, 1));
        code.vmovups(a, at(number, 0));
        code.vmovups(b, at(number, 0).plus(half, 1));
        code.vmulps(first, a, cos);
        code.vmulps(product, b, sin);
        if (back) {
            code.vaddps(first, first, product);
        } else {
            code.vsubps(first, first, product);
        }
        code.vmulps(second, b, cos);
        code.vmulps(product, a, sin);
        if (back) {
            code.vsubps(second, second, product);
        } else {
            code.vaddps(second, second, product);
        }
        code.vmovups(at(number, 0), first);
        code.vmovups(at(number, 0).plus(half, 1), second);
        code.add(number, LINE);
        code.add(angle, LINE);
        code.repeat(left, loop);
        code.add(x, whole);
        code.repeat(heads, head);
        code.ret();
        return code;
    }
}
