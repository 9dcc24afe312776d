package dev.troupe.model.kernel.activation;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.ExpCode;

/**
 * {@link ActivationRows#swiglu} and its gradient as machine code, with the same bits, without waiting for a compiler
 * when a process starts.
 */
final class WrittenSwiglu {
    /** Whether it runs here. */
    static final boolean RUNS = MachineCode.unavailable().isEmpty();

    /** Numbers of a vector; widths are multiples of it. */
    static final int LANES = 16;

    private static final int LINE = 64;

    /** Written when it is first used. */
    private static final class Code {
        private static final MachineCode SWIGLU = MachineCode.install(forward());
        private static final MachineCode BACKWARD = MachineCode.install(backward());
    }

    private WrittenSwiglu() {}

    /** @param width a multiple of {@link #LANES}, not 0 */
    static void swiglu(int width, long gate, long y) {
        Code.SWIGLU.run(gate, gate + width * 4L, y, width / LANES, 0);
    }

    /**
     * As {@link ActivationRows#swigluBackward}.
     *
     * @param width a multiple of {@link #LANES}, not 0
     */
    static void swigluBackward(int width, long gate, long dy, long dGate) {
        Code.BACKWARD.run(gate, dy, dGate, width * 4L, width / LANES);
    }

    /** Gate, up, results, vectors. */
    private static Assembler forward() {
        Register gate = Register.RDI;
        Register up = Register.RSI;
        Register to = Register.RDX;
        Register vectors = Register.RCX;
        VectorRegister x = zmm(0);
        VectorRegister product = zmm(1);
        VectorRegister p = zmm(4);
        VectorRegister sign = zmm(5);
        Label loop = new Label();
        Assembler code = new Assembler();
        ExpCode exponentials = new ExpCode(code);
        code.constant(sign, Integer.MIN_VALUE);
        code.place(loop);
        code.vmovups(x, at(gate, 0));
        code.vmulps(product, x, at(up, 0));
        code.vpxord(x, x, sign);
        sigmoid(code, exponentials, p, x);
        code.vmulps(p, product, p);
        code.vmovups(at(to, 0), p);
        code.add(gate, LINE);
        code.add(up, LINE);
        code.add(to, LINE);
        code.repeat(vectors, loop);
        code.ret();
        return code;
    }

    /** Gate, gradient of results, of the gate, bytes from the gate to up, vectors. */
    private static Assembler backward() {
        Register gate = Register.RDI;
        Register dy = Register.RSI;
        Register dGate = Register.RDX;
        Register up = Register.RCX;
        Register vectors = Register.R8;
        VectorRegister x = zmm(0);
        VectorRegister g = zmm(1);
        VectorRegister d = zmm(4);
        VectorRegister s = zmm(5);
        VectorRegister silu = zmm(6);
        VectorRegister slope = zmm(7);
        VectorRegister du = zmm(8);
        VectorRegister sign = zmm(9);
        Label loop = new Label();
        Assembler code = new Assembler();
        ExpCode exponentials = new ExpCode(code);
        code.constant(sign, Integer.MIN_VALUE);
        code.place(loop);
        code.vmovups(g, at(gate, 0));
        code.vmovups(d, at(dy, 0));
        code.vmulps(du, d, at(gate, 0).plus(up, 1));
        code.vpxord(x, g, sign);
        sigmoid(code, exponentials, s, x);
        code.vmulps(silu, g, s);
        code.vpxord(slope, silu, sign);
        code.vfmadd213ps(slope, s, silu);
        code.vaddps(slope, slope, s); // s + g·s·(1 - s)
        code.vmulps(du, du, slope);
        code.vmulps(d, d, silu);
        code.vmovups(at(dGate, 0), du);
        code.vmovups(at(dGate, 0).plus(up, 1), d);
        code.add(gate, LINE);
        code.add(dy, LINE);
        code.add(dGate, LINE);
        code.repeat(vectors, loop);
        code.ret();
        return code;
    }

    /** to = 1 / (1 + e^minusX). */
    private static void sigmoid(Assembler code, ExpCode exponentials, VectorRegister to, VectorRegister minusX) {
        exponentials.exp(to, minusX, zmm(2), zmm(3));
        code.vaddps(to, to, exponentials.one());
        code.vdivps(to, exponentials.one(), to);
    }
}
