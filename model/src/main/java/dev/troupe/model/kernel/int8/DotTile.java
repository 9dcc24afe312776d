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
import dev.troupe.model.kernel.quantized.BlockLayout;
import dev.troupe.model.tensor.StorageType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * Machine code that multiplies a strip of so many rows ({@link DotStrips}) with panels of a {@link BlockWeight}: an
 * instruction multiplies four numbers of each of 16 outputs, of q, with one row's and adds them to its sums, which
 * begin with -8 · Σ x, or -128 · Σ x where q has eight bits, -32 · Σ x of half of a run where it has six. Sums and
 * totals of all rows stay in registers.
 *
 * <p>Of one or two rows, which wait for memory, the upper of four bits are multiplied where they are, 16 times as
 * large, and summed apart, an instruction less for each line. Memory is asked for well before it is needed: a processor
 * that reads ahead by itself does so within a page.
 */
final class DotTile {
    private static final int MOST_APART = 2; // rows whose products with upper bits are summed apart
    private static final int AHEAD = 8 * (int) BlockWeight.SMALL_RUN; // bytes: as many as come within some 200 ns
    private static final int LINE = 64;
    private static final int VECTORS = 2; // of a panel's 32 outputs
    private static final int SCALES = (int) BlockWeight.HALVES; // bytes of float16 scales of a panel
    private static final int STEP = (int) BlockWeight.ROW; // bytes of an int of each output of a panel
    private static final int LOWER_BITS = 0x0F_0F_0F_0F;
    private static final int UPPER_TWO = 0x30_30_30_30; // of six bits
    private static final int OR_AND = 0xF8; // the table of a | (b & c)
    private static final int GROUP = BlockLayout.Q6_K_GROUP;
    private static final int SIX_HALF = (int) BlockWeight.SIX_NUMBERS;
    private static final int BITS = FourBitStrips.BITS;
    private static final int TOTALS_ROW = BlockWeight.COLUMNS * Float.BYTES;

    private static final Register STRIP = Register.RDI;
    private static final Register WEIGHTS = Register.RSI;
    private static final Register RUNS = Register.RDX;
    private static final Register TOTALS = Register.RCX;
    private static final Register PANELS = Register.R8;
    private static final Register X = Register.RAX;
    private static final Register LEFT = Register.R9; // runs, or blocks
    private static final Register WITHIN = Register.R10; // runs of a block
    private static final Register HEAD = Register.R11; // of a block

    /** Written when they are first used. */
    private static final class OfQ8_0 {
        private static final List<MachineCode> TILES = tiles(StorageType.Q8_0);
    }

    private static final class OfQ6_K {
        private static final List<MachineCode> TILES = tiles(StorageType.Q6_K);
    }

    private static final class OfQ4_0 {
        private static final List<MachineCode> TILES = tiles(StorageType.Q4_0);
    }

    private static final class OfQ4_K {
        private static final List<MachineCode> TILES = tiles(StorageType.Q4_K);
    }

    private final StorageType type;
    private final int rows;
    private final boolean apart; // whether products with upper bits are summed apart
    private final Assembler code = new Assembler();

    // 2 * rows of each; upper sums only of few rows
    private final VectorRegister[][] totals;
    private final VectorRegister[][] sums;
    private final VectorRegister[][] upper;
    private final VectorRegister mask = zmm(31);
    private final VectorRegister eight = zmm(30);
    private final VectorRegister upperTwo = zmm(30);
    private final VectorRegister x = zmm(29);

    // of both halves; scales come when numbers are done with
    private final VectorRegister[] low = {zmm(25), zmm(26)};
    private final VectorRegister[] high = {zmm(27), zmm(28)};
    private final VectorRegister scale = low[0];
    private final VectorRegister shift = low[1];
    private final VectorRegister work = high[0];

    private DotTile(StorageType type, int rows) {
        this.type = type;
        this.rows = rows;
        this.totals = registers(0);
        this.sums = registers(VECTORS * rows);
        this.apart = BlockWeight.hasFourBits(type) && rows <= MOST_APART;
        this.upper = apart ? registers(2 * VECTORS * rows) : sums;
    }

    private VectorRegister[][] registers(int from) {
        VectorRegister[][] registers = new VectorRegister[rows][VECTORS];
        for (int r = 0; r < rows; r++) {
            for (int half = 0; half < VECTORS; half++) {
                registers[r][half] = zmm(from + VECTORS * r + half);
            }
        }
        return registers;
    }

    private static List<MachineCode> tiles(StorageType type) {
        List<MachineCode> tiles = new ArrayList<>();
        for (int rows = 1; rows <= DotStrips.MOST_ROWS; rows++) {
            tiles.add(MachineCode.install(new DotTile(type, rows).write()));
        }
        return tiles;
    }

    /**
     * Multiplies a strip with panels that follow each other.
     *
     * @param strip its address
     * @param weights address of the first panel
     * @param totals address of float32 [panels][rows][COLUMNS], written
     */
    static void multiply(BlockWeight w, int rows, long strip, long weights, int panels, long totals) {
        int units = w.k() / w.type().blockElements();
        tiles(w).get(rows - 1).run(strip, weights, units, totals, panels);
    }

    private static List<MachineCode> tiles(BlockWeight w) {
        return switch (w.type()) {
            case Q8_0 -> OfQ8_0.TILES;
            case Q6_K -> OfQ6_K.TILES;
            case Q4_0 -> OfQ4_0.TILES;
            default -> OfQ4_K.TILES;
        };
    }

    /** Strip, weights, runs (or blocks), totals, panels. */
    private Assembler write() {
        Label panel = new Label();
        Label stored = new Label();
        Label block = new Label();
        code.constant(mask, LOWER_BITS);
        if (type == StorageType.Q6_K) {
            code.constant(upperTwo, UPPER_TWO);
        } else {
            code.constant(eight, (float) BlockWeight.ZERO);
        }
        code.place(panel);
        forAll(totals, total -> code.vpxord(total, total, total));
        code.mov(X, STRIP);
        code.mov(LEFT, RUNS);
        code.test(LEFT);
        code.jump(Condition.ZERO, stored);
        code.place(block);
        switch (type) {
            case Q8_0 -> run(SCALES, (int) BlockWeight.BYTE_RUN, this::smallScales);
            case Q4_0 -> run(SCALES, (int) BlockWeight.SMALL_RUN, this::smallScales);
            case Q6_K -> block(SCALES, this::sixBits);
            default ->
                block(
                        2 * SCALES,
                        () -> run((int) BlockWeight.LARGE_SCALES, (int) BlockWeight.LARGE_RUN, this::largeScales));
        }
        code.repeat(LEFT, block);
        code.place(stored);
        for (int r = 0; r < rows; r++) {
            for (int half = 0; half < VECTORS; half++) {
                code.vmovups(at(TOTALS, r * TOTALS_ROW + half * LINE), totals[r][half]);
            }
        }
        code.add(TOTALS, rows * TOTALS_ROW);
        code.repeat(PANELS, panel);
        code.ret();
        return code;
    }

    private void block(int head, Runnable aRun) {
        Label run = new Label();
        code.mov(HEAD, WEIGHTS);
        code.add(WEIGHTS, head);
        code.mov(WITHIN, BlockWeight.LARGE_RUNS);
        code.place(run);
        aRun.run();
        code.repeat(WITHIN, run);
    }

    /**
     * A run of all rows.
     *
     * @param numbers bytes from its start to its numbers
     * @param bytes of it
     * @param scales loads scales, and shifts, of a half
     */
    private void run(int numbers, int bytes, IntConsumer scales) {
        begin(0, bytes, DotStrips.START);
        boolean eightBits = type == StorageType.Q8_0;
        for (int step = 0; step < (eightBits ? BlockWeight.BYTE_STEPS : BlockWeight.STEPS); step++) {
            int line = numbers + step * STEP;
            if (eightBits) {
                bytes(step, line);
            } else {
                nibbles(step, line);
            }
        }
        end(scales);
        code.add(WEIGHTS, bytes);
        code.add(X, rows * DotStrips.ROW);
    }

    /** A run of all rows, whose halves have scales of their own. */
    private void sixBits() {
        for (int group = 0; group < BlockWeight.RUN / GROUP; group++) {
            int scales = group * BlockWeight.COLUMNS;
            int numbers = (int) (BlockWeight.LARGE_SCALES + group * BlockWeight.SIX_NUMBERS);
            if (group == 0) {
                begin(0, SIX_HALF, DotStrips.START);
            } else {
                begin(SIX_HALF, (int) BlockWeight.SIX_RUN, DotStrips.SECOND_START);
            }
            for (int four = 0; four < GROUP / BlockWeight.BYTES_PER_INT; four++) {
                sixes(four, numbers);
                for (int r = 0; r < rows; r++) {
                    multiply(sums[r], high, r * DotStrips.ROW + group * GROUP + four * BlockWeight.BYTES_PER_INT);
                }
            }
            end(half -> sixScales(scales, half));
        }
        code.add(WEIGHTS, (int) BlockWeight.SIX_RUN);
        code.add(X, rows * DotStrips.ROW);
    }

    /**
     * Asks for memory that later runs need, and begins sums.
     *
     * @param from of a later run, bytes to what is asked for
     * @param to where that ends
     * @param start of what sums begin with, in a row's run
     */
    private void begin(int from, int to, int start) {
        for (int line = from; line < to; line += LINE) {
            code.prefetcht1(at(WEIGHTS, AHEAD + line));
        }
        for (int r = 0; r < rows; r++) {
            for (int half = 0; half < VECTORS; half++) {
                code.vpbroadcastd(sums[r][half], at(X, r * DotStrips.ROW + start));
                if (apart) {
                    code.vpxord(upper[r][half], upper[r][half], upper[r][half]);
                }
            }
        }
    }

    /** Adds sums times scales to totals. */
    private void end(IntConsumer scales) {
        for (int half = 0; half < VECTORS; half++) {
            scales.accept(half);
            for (int r = 0; r < rows; r++) {
                total(r, half);
            }
        }
    }

    /** Four numbers of eight bits of all outputs. */
    private void bytes(int step, int line) {
        for (int half = 0; half < VECTORS; half++) {
            code.vmovups(low[half], at(WEIGHTS, line + half * LINE));
        }
        for (int r = 0; r < rows; r++) {
            multiply(sums[r], low, r * DotStrips.ROW + step * BlockWeight.BYTES_PER_INT);
        }
    }

    /** Eight numbers of four bits of all outputs. */
    private void nibbles(int step, int line) {
        for (int half = 0; half < VECTORS; half++) {
            code.vmovups(high[half], at(WEIGHTS, line + half * LINE));
            code.vpandd(low[half], high[half], mask);
            if (apart) {
                code.vpandnd(high[half], mask, high[half]);
            } else {
                code.vpsrld(high[half], high[half], BITS);
                code.vpandd(high[half], high[half], mask);
            }
        }
        for (int r = 0; r < rows; r++) {
            int at = r * DotStrips.ROW + step * BlockWeight.PER_INT;
            multiply(sums[r], low, at);
            multiply(upper[r], high, at + Integer.BYTES);
        }
    }

    /**
     * Four numbers of six bits of all outputs, which are left in {@code high}; their lower bits stay for the next four.
     */
    private void sixes(int four, int numbers) {
        for (int half = 0; half < VECTORS; half++) {
            int line = numbers + half * LINE;
            if (four % 2 == 0) {
                code.vmovups(low[half], at(WEIGHTS, line + (1 + four / 2) * STEP));
            } else {
                code.vpsrld(low[half], low[half], BITS);
            }
            code.vmovups(high[half], at(WEIGHTS, line));
            switch (four) { // upper bits go to bits 4 and 5
                case 0 -> code.vpslld(high[half], high[half], 4);
                case 1 -> code.vpslld(high[half], high[half], 2);
                case 3 -> code.vpsrld(high[half], high[half], 2);
                default -> {}
            }
            code.vpandd(high[half], high[half], upperTwo);
            code.vpternlogd(high[half], low[half], mask, OR_AND);
        }
    }

    /** Four numbers of a row with those of both halves: they are loaded once, as loads are what there is least of. */
    private void multiply(VectorRegister[] sums, VectorRegister[] numbers, int at) {
        code.vpbroadcastd(x, at(X, at));
        for (int half = 0; half < VECTORS; half++) {
            code.vpdpbusd(sums[half], numbers[half], x);
        }
    }

    private void total(int r, int half) {
        VectorRegister sum = sums[r][half];
        if (apart) {
            code.vpsrad(upper[r][half], upper[r][half], BITS);
            code.vpaddd(sum, sum, upper[r][half]);
        }
        code.vcvtdq2ps(sum, sum);
        code.vmulps(sum, sum, each(X, r * DotStrips.ROW + DotStrips.SCALE));
        code.vfmadd231ps(totals[r][half], sum, scale);
        if (type == StorageType.Q4_K) {
            code.vfmadd231ps(totals[r][half], shift, each(X, r * DotStrips.ROW + DotStrips.SUM));
        }
    }

    private void smallScales(int half) {
        code.vcvtph2ps(scale, at(WEIGHTS, half * (LINE / 2)));
    }

    /** @param of bytes to the scales of one half of a run */
    private void sixScales(int of, int half) {
        code.vcvtph2ps(work, at(HEAD, half * (LINE / 2)));
        code.vpmovsxbd(scale, at(WEIGHTS, of + half * (LINE / 4)));
        code.vcvtdq2ps(scale, scale);
        code.vmulps(scale, scale, work);
    }

    private void largeScales(int half) {
        code.vcvtph2ps(work, at(HEAD, half * (LINE / 2)));
        code.vpmovzxbd(scale, at(WEIGHTS, half * (LINE / 4)));
        code.vcvtdq2ps(scale, scale);
        code.vmulps(scale, scale, work);
        code.vcvtph2ps(work, at(HEAD, SCALES + half * (LINE / 2)));
        code.vpmovzxbd(shift, at(WEIGHTS, BlockWeight.COLUMNS + half * (LINE / 4)));
        code.vcvtdq2ps(shift, shift);
        code.vmulps(work, shift, work);
        code.vmulps(shift, scale, eight);
        code.vsubps(shift, shift, work);
    }

    private static void forAll(VectorRegister[][] registers, Consumer<VectorRegister> each) {
        for (VectorRegister[] row : registers) {
            for (VectorRegister register : row) {
                each.accept(register);
            }
        }
    }
}
