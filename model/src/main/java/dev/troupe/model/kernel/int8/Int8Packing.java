package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.IntSquare;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.Lanes;

/**
 * How the rows of an {@link Int8Weight} are rounded and laid out by machine code, which needs no compiler when a
 * process starts: with the bits of {@link Int8Rows}.
 */
final class Int8Packing {
    /** Rows that are laid out at once. */
    static final int ROWS = 16;

    private static final int LINE = 64;

    /** Written when they are first used. */
    private static final class Code {
        private static final MachineCode ROUND = MachineCode.install(writeRound());
        private static final MachineCode LAY = MachineCode.install(writeLay());
    }

    private Int8Packing() {}

    /**
     * As {@link Int8Rows#storeSigned}, with a factor that is not 0.
     *
     * @param k a multiple of {@link DotRows#LANES}, not 0
     * @param sum where the sum of the numbers is written
     */
    static void storeSigned(int k, float inverse, long from, long to, long sum) {
        Lanes.set(to, inverse); // which the first numbers overwrite
        Code.ROUND.run(from, to, k / DotRows.LANES, sum, 0);
    }

    /**
     * Lays {@link #ROWS} rows out.
     *
     * @param depth bytes of a row, a multiple of 64
     * @param rows one after the other
     * @param to of the first one's first quad
     */
    static void lay(int depth, long rows, long to) {
        Code.LAY.run(rows, depth, to, depth / LINE, 0);
    }

    /** Elements, bytes, of which the first four are the factor, vectors, where to write the sum. */
    private static Assembler writeRound() {
        Register from = Register.RDI;
        Register to = Register.RSI;
        Register vectors = Register.RDX;
        VectorRegister sum = zmm(0);
        VectorRegister numbers = zmm(1);
        VectorRegister inverse = zmm(2);
        Label loop = new Label();
        Assembler code = new Assembler();
        code.vpbroadcastd(inverse, at(to, 0));
        code.vpxord(sum, sum, sum);
        code.place(loop);
        code.vmulps(numbers, inverse, at(from, 0));
        code.vcvtps2dq(numbers, numbers);
        code.vpaddd(sum, sum, numbers);
        code.vpmovdb(numbers.xmm(), numbers);
        code.vmovups(at(to, 0), numbers.xmm());
        code.add(from, LINE);
        code.add(to, DotRows.LANES);
        code.repeat(vectors, loop);
        DotRows.reduceSum(code, sum, zmm(3), zmm(4), zmm(5));
        code.vmovd(at(Register.RCX, 0), sum.xmm());
        code.ret();
        return code;
    }

    /** Rows, bytes from row to row, where to, blocks of 64 inputs. */
    private static Assembler writeLay() {
        Register rows = Register.RDI;
        Register step = Register.RSI;
        Register to = Register.RDX;
        Register blocks = Register.RCX;
        Register row = Register.R9;
        Label loop = new Label();
        Assembler code = new Assembler();
        code.place(loop);
        code.mov(row, rows);
        for (int i = 0; i < ROWS; i++) {
            code.vmovups(zmm(i), at(row, 0));
            code.add(row, step);
        }
        IntSquare.transpose(code);
        for (int i = 0; i < ROWS; i++) {
            code.vmovups(at(to, i * Int8Weight.QUAD_BYTES), zmm(i));
        }
        code.add(rows, LINE);
        code.add(to, ROWS * Int8Weight.QUAD_BYTES);
        code.repeat(blocks, loop);
        code.ret();
        return code;
    }
}
