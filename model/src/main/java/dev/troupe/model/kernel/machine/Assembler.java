package dev.troupe.model.kernel.machine;

import static dev.troupe.model.kernel.machine.VectorInstruction.SHIFT;
import static dev.troupe.model.kernel.machine.VectorInstruction.VADDPS;
import static dev.troupe.model.kernel.machine.VectorInstruction.VCVTDQ2PS;
import static dev.troupe.model.kernel.machine.VectorInstruction.VCVTPH2PS;
import static dev.troupe.model.kernel.machine.VectorInstruction.VCVTPS2DQ;
import static dev.troupe.model.kernel.machine.VectorInstruction.VDIVPS;
import static dev.troupe.model.kernel.machine.VectorInstruction.VEXTRACTI32X4;
import static dev.troupe.model.kernel.machine.VectorInstruction.VFMADD213PS;
import static dev.troupe.model.kernel.machine.VectorInstruction.VFMADD231PS;
import static dev.troupe.model.kernel.machine.VectorInstruction.VINSERTI64X4;
import static dev.troupe.model.kernel.machine.VectorInstruction.VMAXPS;
import static dev.troupe.model.kernel.machine.VectorInstruction.VMINPS;
import static dev.troupe.model.kernel.machine.VectorInstruction.VMOVD_LOAD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VMOVD_STORE;
import static dev.troupe.model.kernel.machine.VectorInstruction.VMOVUPS_LOAD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VMOVUPS_STORE;
import static dev.troupe.model.kernel.machine.VectorInstruction.VMULPS;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPADDD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPANDD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPANDND;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPBROADCASTD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPBROADCASTD_GENERAL;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPDPBUSD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPERMB;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPERMI2B;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPERMPS;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPINSRD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPMAXSD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPMOVDB;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPMOVSXBD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPMOVZXBD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPMOVZXWD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPSHUFB;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPSHUFD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPSUBD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPTERNLOGD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPUNPCKHDQ;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPUNPCKHQDQ;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPUNPCKLDQ;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPUNPCKLQDQ;
import static dev.troupe.model.kernel.machine.VectorInstruction.VPXORD;
import static dev.troupe.model.kernel.machine.VectorInstruction.VSHUFI32X4;
import static dev.troupe.model.kernel.machine.VectorInstruction.VSUBPS;

/**
 * Encodes instructions of x86-64 one after the other, those of vectors as AVX-512 (EVEX; Intel's Software Developer's
 * Manual, volume 2, sections 2.2.1 and 2.7). Methods are named by the manual's mnemonics, the first operand is written
 * to. There are those that kernels need, no others.
 */
public final class Assembler extends GeneralInstructions {
    private static final int EVEX = 0x62;
    private static final int NO_REGISTER = 0;
    private static final int SCALAR = 4; // bytes of one lane
    private static final int ALL = 0; // lanes
    private static final int CHOSEN = 1; // those of this mask register

    /** Ends the function. */
    public void ret() {
        bytes(0xC5, 0xF8, 0x77); // vzeroupper: code for older vectors is slow while upper parts are in use
        bytes(0xC3);
    }

    public void vmovups(VectorRegister to, Operand from) {
        vector(VMOVUPS_LOAD, to.bytes(), to.number(), NO_REGISTER, from, to.bytes());
    }

    public void vmovups(Address to, VectorRegister from) {
        vector(VMOVUPS_STORE, from.bytes(), from.number(), NO_REGISTER, to, from.bytes());
    }

    public void vmovd(VectorRegister to, Register from) {
        vector(VMOVD_LOAD, 16, to.number(), NO_REGISTER, new VectorRegister(from.number(), 16), SCALAR);
    }

    public void vmovd(Register to, VectorRegister from) {
        vector(VMOVD_STORE, 16, from.number(), NO_REGISTER, new VectorRegister(to.number(), 16), SCALAR);
    }

    /** The lowest lane. */
    public void vmovd(Address to, VectorRegister from) {
        vector(VMOVD_STORE, 16, from.number(), NO_REGISTER, to, SCALAR);
    }

    /** A constant in each lane; uses RAX. */
    public void constant(VectorRegister to, int bits) {
        mov(Register.RAX, bits);
        vpbroadcastd(to, Register.RAX);
    }

    /** A constant in each lane; uses RAX. */
    public void constant(VectorRegister to, float number) {
        constant(to, Float.floatToRawIntBits(number));
    }

    /** The lanes' own numbers, 0 to 15, as ints; uses RAX. */
    public void lanes(VectorRegister to) {
        for (int i = 0; i < SCALAR; i++) {
            mov(Register.RAX, 0x03_02_01_00 + i * 0x04_04_04_04);
            vpinsrd(to.xmm(), Register.RAX, i);
        }
        vpmovzxbd(to, to.xmm());
    }

    /** In each lane that which is 8, then 4, 2 or 1 lanes away: of the other half of all, a half, a quarter, a pair. */
    public void swap(VectorRegister to, VectorRegister from, int lanes) {
        switch (lanes) {
            case 8 -> vshufi32x4(to, from, from, 0b01_00_11_10);
            case 4 -> vshufi32x4(to, from, from, 0b10_11_00_01);
            case 2 -> vpshufd(to, from, 0b01_00_11_10);
            case 1 -> vpshufd(to, from, 0b10_11_00_01);
            default -> throw new IllegalArgumentException("lanes are swapped by 8, 4, 2 and 1, not " + lanes);
        }
    }

    /** In each lane the sum of all floats, added by halves: those 8 lanes away first, then 4, 2 and 1. */
    public void sumLanes(VectorRegister sum, VectorRegister room) {
        for (int away = 8; away > 0; away /= 2) {
            swap(room, sum, away);
            vaddps(sum, sum, room);
        }
    }

    /** The lowest lane, or four bytes of memory, in each lane. */
    public void vpbroadcastd(VectorRegister to, Operand from) {
        vector(VPBROADCASTD, to.bytes(), to.number(), NO_REGISTER, plain(from), SCALAR);
    }

    public void vpbroadcastd(VectorRegister to, Register from) {
        VectorRegister general = new VectorRegister(from.number(), 16);
        vector(VPBROADCASTD_GENERAL, to.bytes(), to.number(), NO_REGISTER, general, SCALAR);
    }

    public void vpxord(VectorRegister to, VectorRegister a, Operand b) {
        three(VPXORD, to, a, b);
    }

    public void vpandd(VectorRegister to, VectorRegister a, Operand b) {
        three(VPANDD, to, a, b);
    }

    /** The bits of {@code b} that {@code a} has not. */
    public void vpandnd(VectorRegister to, VectorRegister a, Operand b) {
        three(VPANDND, to, a, b);
    }

    /** Each bit by a table of eight, chosen by its own bit (4), that of {@code b} (2) and that of {@code c} (1). */
    public void vpternlogd(VectorRegister a, VectorRegister b, Operand c, int table) {
        three(VPTERNLOGD, a, b, c);
        bytes(table);
    }

    /** Shifts to the right, zeros from the left. */
    public void vpsrld(VectorRegister to, VectorRegister from, int bits) {
        shift(2, to, from, bits);
    }

    /** Shifts to the right, the sign from the left. */
    public void vpsrad(VectorRegister to, VectorRegister from, int bits) {
        shift(4, to, from, bits);
    }

    public void vpslld(VectorRegister to, VectorRegister from, int bits) {
        shift(6, to, from, bits);
    }

    private void shift(int kind, VectorRegister to, VectorRegister from, int bits) {
        vector(SHIFT, to.bytes(), kind, to.number(), from, to.bytes());
        bytes(bits);
    }

    public void vpaddd(VectorRegister to, VectorRegister a, Operand b) {
        three(VPADDD, to, a, b);
    }

    public void vpsubd(VectorRegister to, VectorRegister a, Operand b) {
        three(VPSUBD, to, a, b);
    }

    public void vpmaxsd(VectorRegister to, VectorRegister a, Operand b) {
        three(VPMAXSD, to, a, b);
    }

    /** Adds to each int the products of its four bytes, those of {@code unsigned} from 0 to 255. */
    public void vpdpbusd(VectorRegister sum, VectorRegister unsigned, Operand signed) {
        three(VPDPBUSD, sum, unsigned, signed);
    }

    /** Chooses ints of each 128 bits, by two bits each. */
    public void vpshufd(VectorRegister to, VectorRegister from, int order) {
        vector(VPSHUFD, to.bytes(), to.number(), NO_REGISTER, from, to.bytes());
        bytes(order);
    }

    /** Chooses bytes of each 128 bits. */
    public void vpshufb(VectorRegister to, VectorRegister from, VectorRegister order) {
        three(VPSHUFB, to, from, order);
    }

    /** In each lane that of {@code table} which the lowest four bits of a lane of {@code indices} say. */
    public void vpermps(VectorRegister to, VectorRegister indices, VectorRegister table) {
        three(VPERMPS, to, indices, table);
    }

    /** Bytes of {@code from} in the places that {@link #kmov} chose, which bytes {@code indices} say; others stay. */
    public void vpermb(VectorRegister to, VectorRegister indices, VectorRegister from) {
        vector(VPERMB, to.bytes(), to.number(), indices.number(), from, to.bytes(), CHOSEN);
    }

    /** Chooses bytes of vectors by a bit each; uses RAX. */
    public void kmov(long places) {
        bytes(REX_W, 0xB8);
        int32((int) places);
        int32((int) (places >> Integer.SIZE));
        bytes(0xC4, 0xE1, 0xFB, 0x92, 0xC0 | CHOSEN << 3);
    }

    /** The lower two ints of each 128 bits of both, in turns. */
    public void vpunpckldq(VectorRegister to, VectorRegister a, VectorRegister b) {
        three(VPUNPCKLDQ, to, a, b);
    }

    /** The upper two ints of each 128 bits of both, in turns. */
    public void vpunpckhdq(VectorRegister to, VectorRegister a, VectorRegister b) {
        three(VPUNPCKHDQ, to, a, b);
    }

    /** The lower long of each 128 bits of both, in turns. */
    public void vpunpcklqdq(VectorRegister to, VectorRegister a, VectorRegister b) {
        three(VPUNPCKLQDQ, to, a, b);
    }

    /** The upper long of each 128 bits of both, in turns. */
    public void vpunpckhqdq(VectorRegister to, VectorRegister a, VectorRegister b) {
        three(VPUNPCKHQDQ, to, a, b);
    }

    /** Two of the four parts of 128 bits of {@code a}, then two of {@code b}'s, by two bits each. */
    public void vshufi32x4(VectorRegister to, VectorRegister a, VectorRegister b, int order) {
        three(VSHUFI32X4, to, a, b);
        bytes(order);
    }

    /** {@code lower} with another upper half. */
    public void vinserti64x4(VectorRegister to, VectorRegister lower, Address upper) {
        vector(VINSERTI64X4, to.bytes(), to.number(), lower.number(), upper, to.bytes() / 2);
        bytes(1);
    }

    /** Bytes of both that its own bytes, 0 to 127, say. */
    public void vpermi2b(VectorRegister indices, VectorRegister a, VectorRegister b) {
        three(VPERMI2B, indices, a, b);
    }

    /** Puts an int in the place of one of the first four. */
    public void vpinsrd(VectorRegister to, Register from, int lane) {
        vector(VPINSRD, 16, to.number(), to.number(), new VectorRegister(from.number(), 16), SCALAR);
        bytes(lane);
    }

    /** The lowest bytes of 16 ints. */
    public void vpmovdb(VectorRegister to, VectorRegister from) {
        vector(VPMOVDB, from.bytes(), from.number(), NO_REGISTER, to, from.bytes() / SCALAR);
    }

    /** Ints from bytes, 0 to 255. */
    public void vpmovzxbd(VectorRegister to, Operand from) {
        vector(VPMOVZXBD, to.bytes(), to.number(), NO_REGISTER, from, to.bytes() / SCALAR);
    }

    /** Ints from bytes, -128 to 127. */
    public void vpmovsxbd(VectorRegister to, Operand from) {
        vector(VPMOVSXBD, to.bytes(), to.number(), NO_REGISTER, from, to.bytes() / SCALAR);
    }

    /** Ints from two bytes each, without a sign. */
    public void vpmovzxwd(VectorRegister to, Operand from) {
        vector(VPMOVZXWD, to.bytes(), to.number(), NO_REGISTER, from, to.bytes() / 2);
    }

    /** One of the parts of 128 bits of a register. */
    public void vextracti32x4(VectorRegister to, VectorRegister from, int part) {
        vector(VEXTRACTI32X4, from.bytes(), from.number(), NO_REGISTER, to, 16);
        bytes(part);
    }

    public void vcvtdq2ps(VectorRegister to, VectorRegister from) {
        vector(VCVTDQ2PS, to.bytes(), to.number(), NO_REGISTER, from, to.bytes());
    }

    /** To the nearest, ties to even. */
    public void vcvtps2dq(VectorRegister to, VectorRegister from) {
        vector(VCVTPS2DQ, to.bytes(), to.number(), NO_REGISTER, from, to.bytes());
    }

    public void vcvtph2ps(VectorRegister to, Address from) {
        vector(VCVTPH2PS, to.bytes(), to.number(), NO_REGISTER, from, to.bytes() / 2);
    }

    public void vmulps(VectorRegister to, VectorRegister a, Operand b) {
        three(VMULPS, to, a, b);
    }

    public void vaddps(VectorRegister to, VectorRegister a, Operand b) {
        three(VADDPS, to, a, b);
    }

    /** {@code a} where it is less than {@code b}, else, also where one is no number, {@code b}. */
    public void vminps(VectorRegister to, VectorRegister a, Operand b) {
        three(VMINPS, to, a, b);
    }

    /** {@code a} where it is more than {@code b}, else, also where one is no number, {@code b}. */
    public void vmaxps(VectorRegister to, VectorRegister a, Operand b) {
        three(VMAXPS, to, a, b);
    }

    public void vsubps(VectorRegister to, VectorRegister a, Operand b) {
        three(VSUBPS, to, a, b);
    }

    public void vdivps(VectorRegister to, VectorRegister a, Operand b) {
        three(VDIVPS, to, a, b);
    }

    /** Its own product with a, plus b, rounded once. */
    public void vfmadd213ps(VectorRegister to, VectorRegister a, Operand b) {
        three(VFMADD213PS, to, a, b);
    }

    /** Adds a · b, rounded once. */
    public void vfmadd231ps(VectorRegister sum, VectorRegister a, Operand b) {
        three(VFMADD231PS, sum, a, b);
    }

    private void three(VectorInstruction instruction, VectorRegister to, VectorRegister a, Operand b) {
        vector(instruction, to.bytes(), to.number(), a.number(), b, to.bytes());
    }

    /** These broadcast by themselves. */
    private static Operand plain(Operand operand) {
        return operand instanceof Address address ? address.withoutBroadcast() : operand;
    }

    /**
     * An instruction of vectors.
     *
     * @param bytes of its vectors
     * @param reg number of the register in ModRM's reg, or what stands there
     * @param second number of the second register, or {@link #NO_REGISTER}
     * @param unit bytes of memory that it uses: short displacements count in them
     */
    private void vector(VectorInstruction instruction, int bytes, int reg, int second, Operand rm, int unit) {
        vector(instruction, bytes, reg, second, rm, unit, ALL);
    }

    private void vector(
            VectorInstruction instruction, int bytes, int reg, int second, Operand rm, int unit, int lanes) {
        boolean broadcast = rm instanceof Address address && address.broadcast();
        int inverted = ~((reg >> 3 & 1) << 3 | upper(rm) << 1 | reg >> 4) & 0xF;
        bytes(EVEX);
        bytes(inverted << 4 | instruction.map());
        bytes((instruction.wide() ? 0x80 : 0) | (~second & 0xF) << 3 | 4 | instruction.prefix());
        bytes(((bytes / 32) << 5) | (broadcast ? 0x10 : 0) | ((~second >> 4) & 1) << 3 | lanes);
        bytes(instruction.opcode());
        switch (rm) {
            case VectorRegister register -> bytes(0xC0 | (reg & 7) << 3 | (register.number() & 7));
            case Address address -> memory(reg & 7, address, broadcast ? SCALAR : unit);
        }
    }
}
