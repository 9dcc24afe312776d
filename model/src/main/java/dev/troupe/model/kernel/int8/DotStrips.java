package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.tensor.StorageType;

/**
 * Rows of A, rounded run by run, in strips of 1 to {@link #MOST_ROWS} rows. A run of a strip is [rows][{@link #ROW}]
 * bytes: the numbers as signed bytes, in order for weights of eight and six bits, else of each eight the first, third,
 * fifth and seventh, then the others; after them an int, -128 or -8 times the sum of the numbers, a float32, their
 * scale, a float32, the sum times the scale, and four bytes of nothing. For weights of six bits the ints are -32 times
 * the sum of the first half's numbers and, in place of the last float32, of the second half's.
 */
final class DotStrips {
    /** Rows of the highest strip: so many sums and totals of two vectors are in registers. */
    static final int MOST_ROWS = 6;

    /** Bytes of a row and a run. */
    static final int ROW = 48;

    // From the start of a row's run.
    static final int START = BlockWeight.RUN;
    static final int SCALE = START + Integer.BYTES;
    static final int SUM = SCALE + Float.BYTES;
    static final int SECOND_START = SUM;

    /** Bytes of a run before rounding. */
    private static final int ELEMENTS = BlockWeight.RUN * Float.BYTES;

    private static final int[] ORDER = {0x06_04_02_00, 0x07_05_03_01, 0x0E_0C_0A_08, 0x0F_0D_0B_09};
    private static final int INFINITE = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);

    /** Written when they are first used. */
    private static final class OfEightBits {
        private static final MachineCode ROUND = MachineCode.install(round(BlockWeight.ZERO_OF_EIGHT));
    }

    private static final class OfSixBits {
        private static final MachineCode ROUND = MachineCode.install(round(BlockWeight.ZERO_OF_SIX));
    }

    private static final class OfFourBits {
        private static final MachineCode ROUND = MachineCode.install(round(BlockWeight.ZERO));
    }

    private DotStrips() {}

    /** Strips of so many rows, as even as they can be. */
    static int strips(int rows) {
        return Math.ceilDiv(rows, MOST_ROWS);
    }

    /** The first row of a strip of {@code rows} rows in all. */
    static int firstRow(int strip, int rows) {
        return (int) ((long) strip * rows / strips(rows));
    }

    /** Bytes of all strips of {@code rows} rows: the same whatever their heights. */
    static long bytes(int rows, int k) {
        return (long) (k / BlockWeight.RUN) * ROW * rows;
    }

    /**
     * Rounds a row of a strip.
     *
     * @param type of the weights
     * @param rows of the strip
     * @param row which of them
     * @param from the address of k elements
     * @param strip the address of the strip
     */
    static void store(StorageType type, int rows, int row, int k, long from, long strip) {
        MachineCode round = switch (type) {
            case Q8_0 -> OfEightBits.ROUND;
            case Q6_K -> OfSixBits.ROUND;
            default -> OfFourBits.ROUND;
        };
        round.run(from, strip + (long) row * ROW, k / BlockWeight.RUN, (long) rows * ROW, 0);
    }

    /**
     * Elements, where to write, runs, bytes from run to run.
     *
     * @param stored what is added to the weights' numbers
     */
    private static Assembler round(int stored) {
        boolean fourBits = stored == BlockWeight.ZERO;
        boolean apart = stored == BlockWeight.ZERO_OF_SIX; // whether each half has its sum
        Register from = Register.RDI;
        Register to = Register.RSI;
        Register runs = Register.RDX;
        Register step = Register.RCX;
        Register general = Register.RAX;
        VectorRegister first = zmm(0);
        VectorRegister second = zmm(1);
        VectorRegister greatest = zmm(2);
        VectorRegister other = zmm(3);
        VectorRegister scale = zmm(4);
        VectorRegister inverse = zmm(5);
        VectorRegister sum = zmm(6);
        VectorRegister secondSum = apart ? zmm(7) : sum;
        VectorRegister zero = zmm(27);
        VectorRegister most = zmm(28);
        VectorRegister ones = zmm(29);
        VectorRegister order = zmm(30);
        VectorRegister magnitude = zmm(31);
        Label run = new Label();
        Label notFinite = new Label();
        Label nothing = new Label();
        Label multiply = new Label();
        Label end = new Label();
        Assembler code = new Assembler();
        code.test(runs);
        code.jump(Condition.ZERO, end);
        code.constant(magnitude, DotRows.MAGNITUDE);
        code.constant(most, (float) Int8Rounding.MOST);
        code.constant(ones, 0x01_01_01_01);
        code.vpxord(zero, zero, zero);
        for (int i = 0; i < ORDER.length && fourBits; i++) {
            code.mov(general, ORDER[i]);
            code.vpinsrd(order.xmm(), general, i);
        }

        code.place(run);
        code.vmovups(first, at(from, 0));
        code.vmovups(second, at(from, ELEMENTS / 2));
        code.vpandd(greatest, first, magnitude);
        code.vpandd(other, second, magnitude);
        code.vpmaxsd(greatest, greatest, other);
        DotRows.reduceMax(code, greatest, other, scale, inverse);
        code.vmovd(general, greatest.xmm());
        code.cmp(general, INFINITE);
        code.jump(Condition.NOT_LESS, notFinite);
        code.cmp(general, Float.floatToRawIntBits(Int8Rounding.NOTHING));
        code.jump(Condition.LESS, nothing);
        code.vdivps(scale.xmm(), greatest.xmm(), most.xmm());
        code.vdivps(inverse.xmm(), most.xmm(), greatest.xmm());

        code.place(multiply);
        code.vpbroadcastd(inverse, inverse.xmm());
        code.vmulps(first, first, inverse);
        code.vmulps(second, second, inverse);
        code.vcvtps2dq(first, first);
        code.vcvtps2dq(second, second);
        code.vpmovdb(first.xmm(), first);
        code.vpmovdb(second.xmm(), second);
        code.vpxord(sum.xmm(), sum.xmm(), sum.xmm());
        code.vpdpbusd(sum.xmm(), ones.xmm(), first.xmm());
        if (apart) {
            code.vpxord(secondSum.xmm(), secondSum.xmm(), secondSum.xmm());
        }
        code.vpdpbusd(secondSum.xmm(), ones.xmm(), second.xmm());
        if (fourBits) {
            code.vpshufb(first.xmm(), first.xmm(), order.xmm());
            code.vpshufb(second.xmm(), second.xmm(), order.xmm());
        }
        code.vmovups(at(to, 0), first.xmm());
        code.vmovups(at(to, BlockWeight.RUN / 2), second.xmm());
        code.vmovd(at(to, SCALE), scale.xmm());
        start(code, stored, sum, other, zero);
        code.vmovd(at(to, START), other.xmm());
        if (apart) {
            start(code, stored, secondSum, other, zero);
            code.vmovd(at(to, SECOND_START), other.xmm());
        } else {
            code.vcvtdq2ps(sum.xmm(), sum.xmm());
            code.vmulps(sum.xmm(), sum.xmm(), scale.xmm());
            code.vmovd(at(to, SUM), sum.xmm());
        }
        code.add(from, ELEMENTS);
        code.add(to, step);
        code.repeat(runs, run);
        code.place(end);
        code.ret();

        code.place(notFinite);
        code.constant(scale, Float.NaN);
        code.vpxord(inverse, inverse, inverse);
        code.jump(multiply);

        code.place(nothing);
        code.vpxord(scale, scale, scale);
        code.vpxord(inverse, inverse, inverse);
        code.jump(multiply);
        return code;
    }

    /** Leaves the sum of four ints in each of them, and minus {@code stored} times it in {@code start}. */
    private static void start(
            Assembler code, int stored, VectorRegister sum, VectorRegister start, VectorRegister zero) {
        code.vpshufd(start.xmm(), sum.xmm(), DotRows.OTHER_HALF);
        code.vpaddd(sum.xmm(), sum.xmm(), start.xmm());
        code.vpshufd(start.xmm(), sum.xmm(), DotRows.NEIGHBOURS);
        code.vpaddd(sum.xmm(), sum.xmm(), start.xmm());
        code.vpslld(start.xmm(), sum.xmm(), Integer.numberOfTrailingZeros(stored));
        code.vpsubd(start.xmm(), zero.xmm(), start.xmm());
    }
}
