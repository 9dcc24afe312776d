package dev.troupe.model.kernel.machine;

/**
 * A vector register, or its lower part. A function may change all of them.
 *
 * @param number 0 to 31
 * @param bytes 16, 32 or 64
 */
public record VectorRegister(int number, int bytes) implements Operand {
    private static final int REGISTERS = 32;

    public VectorRegister {
        if (number < 0 || number >= REGISTERS || (bytes != 16 && bytes != 32 && bytes != 64)) {
            throw new IllegalArgumentException("no vector register " + number + " of " + bytes + " bytes");
        }
    }

    /** All 512 bits. */
    public static VectorRegister zmm(int number) {
        return new VectorRegister(number, 64);
    }

    /** The lower 256 bits. */
    public VectorRegister ymm() {
        return new VectorRegister(number, 32);
    }

    /** The lower 128 bits. */
    public VectorRegister xmm() {
        return new VectorRegister(number, 16);
    }
}
