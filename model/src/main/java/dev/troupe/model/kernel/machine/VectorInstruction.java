package dev.troupe.model.kernel.machine;

/** Instructions of vectors, as EVEX tells them apart (Intel's Software Developer's Manual, volume 2, section 2.7). */
enum VectorInstruction {
    VMOVUPS_LOAD(Opcodes.MAP_0F, Prefix.NONE, 0x10),
    VMOVUPS_STORE(Opcodes.MAP_0F, Prefix.NONE, 0x11),
    VMOVD_LOAD(Opcodes.MAP_0F, Prefix.P66, 0x6E),
    VMOVD_STORE(Opcodes.MAP_0F, Prefix.P66, 0x7E),
    VPBROADCASTD(Opcodes.MAP_0F38, Prefix.P66, 0x58),
    VPBROADCASTD_GENERAL(Opcodes.MAP_0F38, Prefix.P66, 0x7C),
    VPXORD(Opcodes.MAP_0F, Prefix.P66, 0xEF),
    VPANDD(Opcodes.MAP_0F, Prefix.P66, 0xDB),
    VPANDND(Opcodes.MAP_0F, Prefix.P66, 0xDF),
    VPTERNLOGD(Opcodes.MAP_0F3A, Prefix.P66, 0x25),
    SHIFT(Opcodes.MAP_0F, Prefix.P66, 0x72),
    VPADDD(Opcodes.MAP_0F, Prefix.P66, 0xFE),
    VPSUBD(Opcodes.MAP_0F, Prefix.P66, 0xFA),
    VPMAXSD(Opcodes.MAP_0F38, Prefix.P66, 0x3D),
    VPDPBUSD(Opcodes.MAP_0F38, Prefix.P66, 0x50),
    VPSHUFD(Opcodes.MAP_0F, Prefix.P66, 0x70),
    VPSHUFB(Opcodes.MAP_0F38, Prefix.P66, 0x00),
    VPUNPCKLDQ(Opcodes.MAP_0F, Prefix.P66, 0x62),
    VPUNPCKHDQ(Opcodes.MAP_0F, Prefix.P66, 0x6A),
    VPUNPCKLQDQ(Opcodes.MAP_0F, Prefix.P66, 0x6C, true),
    VPUNPCKHQDQ(Opcodes.MAP_0F, Prefix.P66, 0x6D, true),
    VSHUFI32X4(Opcodes.MAP_0F3A, Prefix.P66, 0x43),
    VINSERTI64X4(Opcodes.MAP_0F3A, Prefix.P66, 0x3A, true),
    VPERMI2B(Opcodes.MAP_0F38, Prefix.P66, 0x75),
    VPERMB(Opcodes.MAP_0F38, Prefix.P66, 0x8D),
    VPERMPS(Opcodes.MAP_0F38, Prefix.P66, 0x16),
    VPINSRD(Opcodes.MAP_0F3A, Prefix.P66, 0x22),
    VPMOVDB(Opcodes.MAP_0F38, Prefix.PF3, 0x31),
    VPMOVSXBD(Opcodes.MAP_0F38, Prefix.P66, 0x21),
    VPMOVZXBD(Opcodes.MAP_0F38, Prefix.P66, 0x31),
    VPMOVZXWD(Opcodes.MAP_0F38, Prefix.P66, 0x33),
    VEXTRACTI32X4(Opcodes.MAP_0F3A, Prefix.P66, 0x39),
    VCVTDQ2PS(Opcodes.MAP_0F, Prefix.NONE, 0x5B),
    VCVTPS2DQ(Opcodes.MAP_0F, Prefix.P66, 0x5B),
    VCVTPH2PS(Opcodes.MAP_0F38, Prefix.P66, 0x13),
    VMULPS(Opcodes.MAP_0F, Prefix.NONE, 0x59),
    VSUBPS(Opcodes.MAP_0F, Prefix.NONE, 0x5C),
    VDIVPS(Opcodes.MAP_0F, Prefix.NONE, 0x5E),
    VADDPS(Opcodes.MAP_0F, Prefix.NONE, 0x58),
    VMINPS(Opcodes.MAP_0F, Prefix.NONE, 0x5D),
    VMAXPS(Opcodes.MAP_0F, Prefix.NONE, 0x5F),
    VFMADD213PS(Opcodes.MAP_0F38, Prefix.P66, 0xA8),
    VFMADD231PS(Opcodes.MAP_0F38, Prefix.P66, 0xB8);

    /** Groups of opcodes, by their numbers. */
    private static final class Opcodes {
        private static final int MAP_0F = 1;
        private static final int MAP_0F38 = 2;
        private static final int MAP_0F3A = 3;
    }

    /** What stood before an opcode in older encodings, by its number. */
    private static final class Prefix {
        private static final int NONE = 0;
        private static final int P66 = 1;
        private static final int PF3 = 2;
    }

    private final int map;
    private final int prefix;
    private final int opcode;
    private final boolean wide;

    VectorInstruction(int map, int prefix, int opcode) {
        this(map, prefix, opcode, false);
    }

    VectorInstruction(int map, int prefix, int opcode, boolean wide) {
        this.map = map;
        this.prefix = prefix;
        this.opcode = opcode;
        this.wide = wide;
    }

    int map() {
        return map;
    }

    int prefix() {
        return prefix;
    }

    int opcode() {
        return opcode;
    }

    /** Whether its lanes have 64 bits. */
    boolean wide() {
        return wide;
    }
}
