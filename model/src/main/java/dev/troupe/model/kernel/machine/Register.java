package dev.troupe.model.kernel.machine;

/**
 * General registers of 64 bits. A function has its arguments in RDI, RSI, RDX, RCX and R8 and may change these, RAX and
 * R9 to R11 (System V's calling convention); the others it would have to restore.
 */
public enum Register {
    RAX(0),
    RCX(1),
    RDX(2),
    RSI(6),
    RDI(7),
    R8(8),
    R9(9),
    R10(10),
    R11(11);

    private final int number;

    Register(int number) {
        this.number = number;
    }

    /** As instructions have it. */
    int number() {
        return number;
    }
}
