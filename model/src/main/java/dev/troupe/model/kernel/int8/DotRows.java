package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.Address.each;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.Lanes;

/**
 * What {@link Int8Rows} does for the products that most answers are made of, as machine code, which needs no compiler
 * when a process starts: whole vectors of sixteen numbers only.
 */
final class DotRows {
    /** Whether it runs here. */
    static final boolean RUNS = MachineCode.unavailable().isEmpty();

    /** Numbers of a vector. */
    static final int LANES = 16;

    private static final int LINE = 64;
    private static final int VECTORS = Int8Weight.COLUMNS / LANES; // of a panel

    /** The bits of a float's magnitude. */
    static final int MAGNITUDE = Integer.MAX_VALUE;

    /** For vpshufd: the other half's ints. */
    static final int OTHER_HALF = 0x4E;

    /** For vpshufd: each pair's ints the other way round. */
    static final int NEIGHBOURS = 0xB1;

    /** Written when they are first used. */
    private static final class Code {
        private static final MachineCode GREATEST = MachineCode.install(writeGreatest());
        private static final MachineCode STORE = MachineCode.install(writeStore());
        private static final MachineCode FINISH = MachineCode.install(writeFinish());
    }

    private DotRows() {}

    /** Whether it runs here, for rows of k numbers: whole vectors, at least one. */
    static boolean holds(int k) {
        return RUNS && k > 0 && k % LANES == 0;
    }

    /**
     * As {@link Int8Rows#storeBytes}.
     *
     * @param k a multiple of {@link #LANES}, not 0
     * @param padded a multiple of 64, at least one: what is written there first is overwritten
     */
    static float storeBytes(int k, int padded, long from, long to) {
        float greatest = greatest(k, from, to);
        Lanes.set(to, Int8Rounding.inverse(greatest));
        Code.STORE.run(from, to, k / LANES, (padded - k) / LANES, 0);
        return Int8Rounding.scale(greatest);
    }

    /**
     * As {@link Int8Rows#greatest}.
     *
     * @param k a multiple of {@link #LANES}, not 0
     * @param room of four bytes, for the number
     */
    static float greatest(int k, long from, long room) {
        Code.GREATEST.run(from, k / LANES, room, 0, 0);
        return Lanes.get(room);
    }

    /** As {@link Int8Rows#finish} of whole panels, with nothing added; {@code scale} is an address, too. */
    static void finish(int columns, long sums, long shifts, long scale, long scales, long to) {
        for (long at = 0; at < columns * 4L; at += Int8Weight.COLUMNS * 4L) {
            Code.FINISH.run(sums + at, shifts + at, scale, scales + at, to + at);
        }
    }

    /** Elements, vectors, where to write the greatest magnitude. */
    private static Assembler writeGreatest() {
        Register from = Register.RDI;
        Register vectors = Register.RSI;
        VectorRegister greatest = zmm(0);
        VectorRegister other = zmm(1);
        VectorRegister magnitude = zmm(31);
        Label loop = new Label();
        Assembler code = new Assembler();
        code.constant(magnitude, MAGNITUDE);
        code.vpxord(greatest, greatest, greatest);
        code.place(loop);
        code.vpandd(other, magnitude, at(from, 0));
        code.vpmaxsd(greatest, greatest, other);
        code.add(from, LINE);
        code.repeat(vectors, loop);
        reduceMax(code, greatest, other, zmm(2), zmm(3));
        code.vmovd(at(Register.RDX, 0), greatest.xmm());
        code.ret();
        return code;
    }

    /** Leaves the greatest of 16 ints in each of the first four lanes; changes the other registers. */
    static void reduceMax(
            Assembler code, VectorRegister greatest, VectorRegister a, VectorRegister b, VectorRegister c) {
        reduce(code, code::vpmaxsd, greatest, a, b, c);
    }

    /** Leaves the sum of 16 ints in each of the first four lanes; changes the other registers. */
    static void reduceSum(Assembler code, VectorRegister sum, VectorRegister a, VectorRegister b, VectorRegister c) {
        reduce(code, code::vpaddd, sum, a, b, c);
    }

    /** An instruction that makes one int of two, in any order. */
    @FunctionalInterface
    private interface Joining {
        void join(VectorRegister to, VectorRegister a, VectorRegister b);
    }

    private static void reduce(
            Assembler code, Joining two, VectorRegister all, VectorRegister a, VectorRegister b, VectorRegister c) {
        code.vextracti32x4(a.xmm(), all, 1);
        code.vextracti32x4(b.xmm(), all, 2);
        code.vextracti32x4(c.xmm(), all, 3);
        two.join(all.xmm(), all.xmm(), a.xmm());
        two.join(b.xmm(), b.xmm(), c.xmm());
        two.join(all.xmm(), all.xmm(), b.xmm());
        code.vpshufd(a.xmm(), all.xmm(), OTHER_HALF);
        two.join(all.xmm(), all.xmm(), a.xmm());
        code.vpshufd(a.xmm(), all.xmm(), NEIGHBOURS);
        two.join(all.xmm(), all.xmm(), a.xmm());
    }

    /** Elements, bytes, of which the first four are the factor, vectors, vectors of nothing. */
    private static Assembler writeStore() {
        Register from = Register.RDI;
        Register to = Register.RSI;
        Register vectors = Register.RDX;
        Register nothing = Register.RCX;
        VectorRegister numbers = zmm(0);
        VectorRegister inverse = zmm(30);
        VectorRegister shift = zmm(31);
        Label loop = new Label();
        Label fill = new Label();
        Label end = new Label();
        Assembler code = new Assembler();
        code.vpbroadcastd(inverse, at(to, 0));
        code.constant(shift, Int8Weight.SHIFT);
        code.place(loop);
        code.vmulps(numbers, inverse, at(from, 0));
        code.vcvtps2dq(numbers, numbers);
        code.vpaddd(numbers, numbers, shift);
        code.vpmovdb(numbers.xmm(), numbers);
        code.vmovups(at(to, 0), numbers.xmm());
        code.add(from, LINE);
        code.add(to, LANES);
        code.repeat(vectors, loop);
        code.vpmovdb(shift.xmm(), shift);
        code.test(nothing);
        code.jump(Condition.ZERO, end);
        code.place(fill);
        code.vmovups(at(to, 0), shift.xmm());
        code.add(to, LANES);
        code.repeat(nothing, fill);
        code.place(end);
        code.ret();
        return code;
    }

    /** Sums, shifts, the row's scale, scales of columns, results. */
    private static Assembler writeFinish() {
        Assembler code = new Assembler();
        for (int v = 0; v < VECTORS; v++) {
            code.vmovups(zmm(v), at(Register.RDI, v * LINE));
            code.vpsubd(zmm(v), zmm(v), at(Register.RSI, v * LINE));
            code.vcvtdq2ps(zmm(v), zmm(v));
            code.vmulps(zmm(v), zmm(v), each(Register.RDX, 0));
            code.vmulps(zmm(v), zmm(v), at(Register.RCX, v * LINE));
            code.vmovups(at(Register.R8, v * LINE), zmm(v));
        }
        code.ret();
        return code;
    }
}
