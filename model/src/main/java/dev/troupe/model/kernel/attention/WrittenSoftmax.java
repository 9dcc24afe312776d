package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.ExpCode;
import dev.troupe.model.kernel.vector.Lanes;

/**
 * What {@link SoftmaxRow} does to the scores of a tile and to a row's result, as machine code: the same bits, without
 * waiting for a compiler when a process starts.
 */
final class WrittenSoftmax {
    /** Whether it runs here. */
    static final boolean RUNS = Lanes.matchMachineCode();

    private static final int LINE = 64;
    private static final int LANES = LINE / Float.BYTES;
    private static final int BOUNDS = 2 * Integer.BYTES;
    private static final int SELECT = 0b1100_1010; // for vpternlogd: of b where a bit is set, else of c
    private static final int SIGN = 31; // its place

    /** Written when it is first used. */
    private static final class Code {
        private static final MachineCode MAXIMA = MachineCode.install(maxima());
        private static final MachineCode EXPONENTIALS = MachineCode.install(exponentials());
        private static final MachineCode DIFFERENCES = MachineCode.install(differences());
        private static final MachineCode FINISH = MachineCode.install(finish());
        private static final MachineCode GRADIENTS = MachineCode.install(gradients());
    }

    private static final Register ROWS = Register.RDI;
    private static final Register SCORES = Register.RSI;
    private static final Register VECTORS = Register.RDX;
    private static final Register OF_ROWS = Register.RCX;
    private static final Register AT = Register.R10;
    private static final Register LEFT = Register.R11;
    private static final VectorRegister NUMBERS = zmm(18);
    private static final VectorRegister STEP = zmm(17);
    private static final VectorRegister FROM = zmm(16);
    private static final VectorRegister TO = zmm(15);
    private static final VectorRegister LANE = zmm(14);
    private static final VectorRegister SCORE = zmm(3);

    private WrittenSoftmax() {}

    /** As {@link SoftmaxRow#maxima}. */
    static void maxima(int rows, int width, long scores, long bounds, long to) {
        Code.MAXIMA.run(rows, scores, width / LANES, bounds, to);
    }

    /** As {@link SoftmaxRow#exponentials}. */
    static void exponentials(int rows, int width, long scores, long bounds, long maxima, long sums) {
        Code.EXPONENTIALS.run(rows, scores, width / LANES, bounds, maxima, sums);
    }

    /** As {@link SoftmaxRow#expDifferences}, at least one vector. */
    static void expDifferences(int n, long from, long max, long to) {
        Code.DIFFERENCES.run(from, max, to, n / LANES, 0);
    }

    /**
     * A row's sum of exponentials, by {@link Lanes#sum}, and its values over that, whole vectors.
     *
     * @param sums the lanes of the sum
     * @param sum where the sum goes, a float
     */
    static void finish(int n, long values, long sums, long sum, long to) {
        Code.FINISH.run(values, sums, sum, to, n / LANES);
    }

    /** As {@link SoftmaxRow#backward}. */
    static void gradients(int rows, int width, long scores, long dScores, long numbers) {
        Code.GRADIENTS.run(rows, scores, width / LANES, numbers, dScores);
    }

    /** Rows, scores, vectors, bounds, results. */
    private static Assembler maxima() {
        Register to = Register.R8;
        VectorRegister least = zmm(31);
        VectorRegister fraction = zmm(30);
        VectorRegister max = zmm(0);
        VectorRegister seen = zmm(1);
        VectorRegister other = zmm(2);
        Label row = new Label();
        Label loop = new Label();
        Assembler code = new Assembler();
        constants(code);
        code.constant(least, -Float.MAX_VALUE);
        code.constant(fraction, Integer.MAX_VALUE);
        code.place(row);
        begin(code);
        code.vmovups(max, least);
        code.place(loop);
        seen(code, seen, other);
        code.vpternlogd(seen, SCORE, max, SELECT);
        code.vmaxps(max, seen, max);
        next(code, loop);
        // As integers of the same order: of two zeros the positive one is greater.
        ordered(code, max, other, fraction);
        for (int away = LANES / 2; away > 0; away /= 2) {
            code.swap(other, max, away);
            code.vpmaxsd(max, max, other);
        }
        ordered(code, max, other, fraction);
        code.vmovd(at(to, 0), max);
        code.add(to, Float.BYTES);
        nextRow(code, row, BOUNDS);
        return code;
    }

    /** Turns the bits of floats into integers of the same order, and back. */
    private static void ordered(Assembler code, VectorRegister bits, VectorRegister room, VectorRegister fraction) {
        code.vpsrad(room, bits, SIGN);
        code.vpandd(room, room, fraction);
        code.vpxord(bits, bits, room);
    }

    /** Rows, scores, vectors, bounds, maxima, lanes of sums. */
    private static Assembler exponentials() {
        Register maxima = Register.R8;
        Register sums = Register.R9;
        VectorRegister max = zmm(13);
        VectorRegister sum = zmm(12);
        VectorRegister e = zmm(0);
        VectorRegister seen = zmm(1);
        Label row = new Label();
        Label loop = new Label();
        Assembler code = new Assembler();
        constants(code);
        ExpCode exponentials = new ExpCode(code);
        code.place(row);
        begin(code);
        code.vpbroadcastd(max, at(maxima, 0));
        code.vmovups(sum, at(sums, 0));
        code.place(loop);
        seen(code, seen, zmm(2));
        code.vsubps(SCORE, SCORE, max);
        exponentials.exp(e, SCORE, zmm(4), zmm(5));
        code.vpandd(e, e, seen);
        code.vaddps(sum, e, sum);
        code.vmovups(at(AT, 0), e);
        next(code, loop);
        code.vmovups(at(sums, 0), sum);
        code.add(maxima, Float.BYTES);
        code.add(sums, LINE);
        nextRow(code, row, BOUNDS);
        return code;
    }

    /** Numbers, what is taken from them, results, vectors. */
    private static Assembler differences() {
        Register from = Register.RDI;
        Register max = Register.RSI;
        Register to = Register.RDX;
        Register vectors = Register.RCX;
        VectorRegister e = zmm(0);
        Label loop = new Label();
        Assembler code = new Assembler();
        ExpCode exponentials = new ExpCode(code);
        code.place(loop);
        code.vmovups(SCORE, at(from, 0));
        code.vsubps(SCORE, SCORE, at(max, 0));
        exponentials.exp(e, SCORE, zmm(4), zmm(5));
        code.vmovups(at(to, 0), e);
        code.add(from, LINE);
        code.add(max, LINE);
        code.add(to, LINE);
        code.repeat(vectors, loop);
        code.ret();
        return code;
    }

    /** Rows, scores, vectors, rows' numbers, gradients of probabilities. */
    private static Assembler gradients() {
        Register dScores = Register.R8;
        Register dAt = Register.R9;
        VectorRegister logSumExp = zmm(13);
        VectorRegister delta = zmm(12);
        VectorRegister p = zmm(0);
        VectorRegister seen = zmm(1);
        VectorRegister d = zmm(6);
        Label row = new Label();
        Label loop = new Label();
        Assembler code = new Assembler();
        constants(code);
        ExpCode exponentials = new ExpCode(code);
        code.place(row);
        begin(code);
        code.mov(dAt, dScores);
        code.vpbroadcastd(logSumExp, at(OF_ROWS, (int) SoftmaxRow.LOG_SUM_EXP));
        code.vpbroadcastd(delta, at(OF_ROWS, (int) SoftmaxRow.DELTA));
        code.place(loop);
        seen(code, seen, zmm(2));
        code.vsubps(SCORE, SCORE, logSumExp);
        exponentials.exp(p, SCORE, zmm(4), zmm(5));
        code.vpandd(p, p, seen);
        code.vmovups(at(AT, 0), p);
        code.vmovups(d, at(dAt, 0));
        code.vsubps(d, d, delta);
        code.vpandd(d, d, seen);
        code.vmulps(d, d, p);
        code.vmovups(at(dAt, 0), d);
        code.add(dAt, LINE);
        next(code, loop);
        code.add(dScores, Math.toIntExact(KeySpans.SCORE_ROW));
        nextRow(code, row, (int) SoftmaxRow.NUMBERS);
        return code;
    }

    private static void constants(Assembler code) {
        code.lanes(NUMBERS);
        code.constant(STEP, LANES);
    }

    private static void begin(Assembler code) {
        code.vpbroadcastd(FROM, at(OF_ROWS, 0));
        code.vpbroadcastd(TO, at(OF_ROWS, Integer.BYTES));
        code.vmovups(LANE, NUMBERS);
        code.mov(AT, SCORES);
        code.mov(LEFT, VECTORS);
    }

    /** Loads scores, and which of them are seen: all bits of their lanes. */
    private static void seen(Assembler code, VectorRegister seen, VectorRegister room) {
        code.vmovups(SCORE, at(AT, 0));
        code.vpsubd(seen, LANE, FROM);
        code.vpsrad(seen, seen, SIGN);
        code.vpsubd(room, LANE, TO);
        code.vpsrad(room, room, SIGN);
        code.vpandnd(seen, seen, room);
    }

    private static void next(Assembler code, Label loop) {
        code.vpaddd(LANE, LANE, STEP);
        code.add(AT, LINE);
        code.repeat(LEFT, loop);
    }

    private static void nextRow(Assembler code, Label row, int ofRow) {
        code.add(SCORES, Math.toIntExact(KeySpans.SCORE_ROW));
        code.add(OF_ROWS, ofRow);
        code.repeat(ROWS, row);
        code.ret();
    }

    /** Values, lanes of the sum, the sum, results, vectors. */
    private static Assembler finish() {
        Register values = Register.RDI;
        Register sums = Register.RSI;
        Register toSum = Register.RDX;
        Register to = Register.RCX;
        Register vectors = Register.R8;
        VectorRegister sum = zmm(0);
        VectorRegister other = zmm(1);
        VectorRegister zero = zmm(2);
        Label loop = new Label();
        Assembler code = new Assembler();
        code.vmovups(sum, at(sums, 0));
        code.sumLanes(sum, other);
        code.vmovd(at(toSum, 0), sum);
        code.constant(other, 1f);
        code.vdivps(sum, other, sum);
        code.vpxord(zero, zero, zero);
        code.place(loop);
        code.vmulps(other, sum, at(values, 0));
        code.vaddps(other, other, zero); // one zero of both
        code.vmovups(at(to, 0), other);
        code.add(values, LINE);
        code.add(to, LINE);
        code.repeat(vectors, loop);
        code.ret();
        return code;
    }
}
