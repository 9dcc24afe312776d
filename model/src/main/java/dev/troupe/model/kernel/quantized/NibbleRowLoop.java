package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.VectorRegister;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Over Q4_0's {@link NibblePanels}. With four bits q at bit p of a float of exponent 23 - p, that is f = 2^(23-p) + q,
 * scale · (q - 8) is f · scale - (2^(23-p) + 8) · scale. At bits 8, 12 and 16 the numbers of the second term and the
 * result have few enough bits to be exact, as a scale has eleven: so a number takes two instructions, its bits in their
 * place and this, and eight numbers two shifts.
 */
final class NibbleRowLoop extends RowLoop {
    private static final int INPUTS = BlockLayout.SMALL;
    private static final int PER_INT = 8;

    /** Of them the first that is used where it is. */
    private static final int UNMOVED = 2;

    private static final int BITS = 4;
    private static final int MASK = (1 << BITS) - 1;

    /** The first bit of numbers that are used where they are. */
    private static final List<Integer> PLACES = List.of(8, 12, 16);

    private static final int FRACTION_BITS = 23;
    private static final int NO_FRACTION = -1 << FRACTION_BITS;

    /** Of three bits a, b, c: where c is, a, else what a and b have both; and the same of b. */
    private static final int A_OR_BOTH = 0b1110_0000;

    private static final int B_OR_BOTH = 0b1100_1000;

    private final VectorRegister work = zmm(24);
    private final VectorRegister noFraction = zmm(28);

    NibbleRowLoop(int panels) {
        super(panels, 1, INPUTS, SCALES + INPUTS / 2 * PanelFormat.COLUMNS);
    }

    private static VectorRegister scale(int panel, int half) {
        return zmm(4 + HALVES * panel + half);
    }

    private static VectorRegister addend(int place, int panel, int half) {
        return zmm(8 + 4 * place + HALVES * panel + half);
    }

    private static VectorRegister numbers(int half) {
        return zmm(20 + half);
    }

    private static VectorRegister shifted(int half) {
        return zmm(22 + half);
    }

    /** A float of the exponent of a place, with ones where the number comes. */
    private static VectorRegister template(int place) {
        return zmm(25 + place);
    }

    private static VectorRegister zero(int place) {
        return zmm(29 + place);
    }

    @Override
    void constants() {
        code.constant(noFraction, NO_FRACTION);
        for (int place = 0; place < PLACES.size(); place++) {
            int bit = PLACES.get(place);
            float power = 1 << (FRACTION_BITS - bit);
            code.constant(template(place), Float.floatToRawIntBits(power) | (MASK << bit));
            code.constant(zero(place), -(power + BlockLayout.Q4_0_ZERO));
        }
    }

    @Override
    int pieces() {
        return INPUTS / PER_INT;
    }

    @Override
    void begin(int panel) {
        for (int half = 0; half < HALVES; half++) {
            scales(scale(panel, half), panel, half);
            for (int place = 0; place < PLACES.size(); place++) {
                code.vmulps(addend(place, panel, half), scale(panel, half), zero(place));
            }
        }
    }

    @Override
    void add(int panel, int piece) {
        int line = SCALES + piece * PanelFormat.COLUMNS * BITS;
        for (int half = 0; half < HALVES; half++) {
            code.vmovups(numbers(half), weights(panel, line + half * LINE));
            code.vpslld(shifted(half), numbers(half), UNMOVED * BITS);
        }
        int first = PER_INT * piece;
        add(panel, first, UNMOVED, NibbleRowLoop::shifted);
        for (int half = 0; half < HALVES; half++) {
            code.vpsrld(shifted(half), numbers(half), PLACES.size() * BITS);
        }
        add(panel, first + UNMOVED, PLACES.size(), NibbleRowLoop::numbers);
        add(panel, first + UNMOVED + PLACES.size(), PLACES.size(), NibbleRowLoop::shifted);
    }

    /**
     * Inputs {@code first} and on, {@code count} of them, whose numbers are at the places of each lane, in their order.
     */
    private void add(int panel, int first, int count, IntFunction<VectorRegister> lanes) {
        for (int place = 0; place < count; place++) {
            for (int half = 0; half < HALVES; half++) {
                VectorRegister weight = work;
                if (place < count - 1) {
                    code.vmovups(weight, template(place));
                    code.vpternlogd(weight, lanes.apply(half), noFraction, A_OR_BOTH);
                } else {
                    weight = lanes.apply(half); // whose numbers are used up
                    code.vpternlogd(weight, template(place), noFraction, B_OR_BOTH);
                }
                code.vfmadd213ps(weight, scale(panel, half), addend(place, panel, half));
                multiplyAdd(panel, half, first + place, weight);
            }
        }
    }
}
