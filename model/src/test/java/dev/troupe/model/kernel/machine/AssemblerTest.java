package dev.troupe.model.kernel.machine;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.Address.each;
import static dev.troupe.model.kernel.machine.Register.R10;
import static dev.troupe.model.kernel.machine.Register.R11;
import static dev.troupe.model.kernel.machine.Register.R8;
import static dev.troupe.model.kernel.machine.Register.R9;
import static dev.troupe.model.kernel.machine.Register.RAX;
import static dev.troupe.model.kernel.machine.Register.RCX;
import static dev.troupe.model.kernel.machine.Register.RDI;
import static dev.troupe.model.kernel.machine.Register.RDX;
import static dev.troupe.model.kernel.machine.Register.RSI;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Instructions are encoded as GNU as 2.44 encodes them, with {evex} before each of vectors; an immediate operand has
 * four bytes here at all times.
 */
class AssemblerTest {
    record Case(String text, Consumer<Assembler> instruction, String bytes) {
        @Override
        public String toString() {
            return text;
        }
    }

    private static Case of(String text, Consumer<Assembler> instruction, String bytes) {
        return new Case(text, instruction, bytes);
    }

    private static List<Case> cases() {
        return List.of(
                of("vmovups zmm29, [rsi+64]", code -> code.vmovups(zmm(29), at(RSI, 64)), "62 61 7C 48 10 6E 01"),
                of("vmovups zmm3, [r10]", code -> code.vmovups(zmm(3), at(R10, 0)), "62 D1 7C 48 10 1A"),
                of("vmovups zmm17, zmm9", code -> code.vmovups(zmm(17), zmm(9)), "62 C1 7C 48 10 C9"),
                of(
                        "vmovups [rcx+100], zmm31",
                        code -> code.vmovups(at(RCX, 100), zmm(31)),
                        "62 61 7C 48 11 B9 64 00 00 00"),
                of("vmovups [r8-16], xmm1", code -> code.vmovups(at(R8, -16), zmm(1).xmm()), "62 D1 7C 08 11 48 FF"),
                of(
                        "vmovups ymm1, [rdi+4096]",
                        code -> code.vmovups(zmm(1).ymm(), at(RDI, 4096)),
                        "62 F1 7C 28 10 8F 00 10 00 00"),
                of("vmovd xmm20, r9d", code -> code.vmovd(zmm(20).xmm(), R9), "62 C1 7D 08 6E E1"),
                of("vmovd eax, xmm18", code -> code.vmovd(RAX, zmm(18).xmm()), "62 E1 7D 08 7E D0"),
                of("vmovd [rsi+36], xmm2", code -> code.vmovd(at(RSI, 36), zmm(2).xmm()), "62 F1 7D 08 7E 56 09"),
                of(
                        "vpbroadcastd zmm31, [rax+508]",
                        code -> code.vpbroadcastd(zmm(31), at(RAX, 508)),
                        "62 62 7D 48 58 78 7F"),
                of("vpbroadcastd zmm5, xmm21", code -> code.vpbroadcastd(zmm(5), zmm(21).xmm()), "62 B2 7D 48 58 ED"),
                of("vpbroadcastd zmm30, eax", code -> code.vpbroadcastd(zmm(30), RAX), "62 62 7D 48 7C F0"),
                of("vpbroadcastd zmm7, r11d", code -> code.vpbroadcastd(zmm(7), R11), "62 D2 7D 48 7C FB"),
                of("vpxord zmm12, zmm25, zmm16", code -> code.vpxord(zmm(12), zmm(25), zmm(16)), "62 31 35 40 EF E0"),
                of("vpandd zmm30, zmm29, zmm31", code -> code.vpandd(zmm(30), zmm(29), zmm(31)), "62 01 15 40 DB F7"),
                of(
                        "vpandd xmm4, xmm5, dword ptr [rdx+12]{1to4}",
                        code -> code.vpandd(zmm(4).xmm(), zmm(5).xmm(), each(RDX, 12)),
                        "62 F1 55 18 DB 62 03"),
                of(
                        "vpandnd zmm8, zmm31, [r9+128]",
                        code -> code.vpandnd(zmm(8), zmm(31), at(R9, 128)),
                        "62 51 05 40 DF 41 02"),
                of(
                        "vpternlogd zmm24, zmm22, zmm28, 0xe0",
                        code -> code.vpternlogd(zmm(24), zmm(22), zmm(28), 0xE0),
                        "62 03 4D 40 25 C4 E0"),
                of(
                        "vpternlogd zmm3, zmm25, dword ptr [rax+8]{1to16}, 0xc8",
                        code -> code.vpternlogd(zmm(3), zmm(25), each(RAX, 8), 0xC8),
                        "62 F3 35 50 25 58 02 C8"),
                of("vpsrld zmm29, zmm13, 4", code -> code.vpsrld(zmm(29), zmm(13), 4), "62 D1 15 40 72 D5 04"),
                of("vpsrad zmm6, zmm22, 16", code -> code.vpsrad(zmm(6), zmm(22), 16), "62 B1 4D 48 72 E6 10"),
                of("vpslld xmm3, xmm6, 3", code -> code.vpslld(zmm(3).xmm(), zmm(6).xmm(), 3), "62 F1 65 08 72 F6 03"),
                of("vpaddd zmm15, zmm16, zmm24", code -> code.vpaddd(zmm(15), zmm(16), zmm(24)), "62 11 7D 40 FE F8"),
                of(
                        "vpsubd xmm3, xmm27, xmm3",
                        code -> code.vpsubd(zmm(3).xmm(), zmm(27).xmm(), zmm(3).xmm()),
                        "62 F1 25 00 FA DB"),
                of(
                        "vpmaxsd ymm2, ymm2, ymm19",
                        code -> code.vpmaxsd(zmm(2).ymm(), zmm(2).ymm(), zmm(19).ymm()),
                        "62 B2 6D 28 3D D3"),
                of(
                        "vpdpbusd zmm13, zmm30, dword ptr [rax+284]{1to16}",
                        code -> code.vpdpbusd(zmm(13), zmm(30), each(RAX, 284)),
                        "62 72 0D 50 50 68 47"),
                of(
                        "vpdpbusd zmm23, zmm30, dword ptr [rax+516]{1to16}",
                        code -> code.vpdpbusd(zmm(23), zmm(30), each(RAX, 516)),
                        "62 E2 0D 50 50 B8 04 02 00 00"),
                of(
                        "vpdpbusd xmm6, xmm29, xmm1",
                        code -> code.vpdpbusd(zmm(6).xmm(), zmm(29).xmm(), zmm(1).xmm()),
                        "62 F2 15 00 50 F1"),
                of(
                        "vpdpbusd zmm6, zmm29, [rsi+192]",
                        code -> code.vpdpbusd(zmm(6), zmm(29), at(RSI, 192)),
                        "62 F2 15 40 50 76 03"),
                of(
                        "vpshufd xmm3, xmm18, 0x4e",
                        code -> code.vpshufd(zmm(3).xmm(), zmm(18).xmm(), 0x4E),
                        "62 B1 7D 08 70 DA 4E"),
                of(
                        "vpshufb xmm0, xmm1, xmm30",
                        code -> code.vpshufb(zmm(0).xmm(), zmm(1).xmm(), zmm(30).xmm()),
                        "62 92 75 08 00 C6"),
                of("vpinsrd xmm30, xmm30, eax, 3", code -> code.vpinsrd(zmm(30).xmm(), RAX, 3), "62 63 0D 00 22 F0 03"),
                of("vpmovdb xmm17, zmm2", code -> code.vpmovdb(zmm(17).xmm(), zmm(2)), "62 B2 7E 48 31 D1"),
                of("vpmovzxbd zmm28, [rsi+48]", code -> code.vpmovzxbd(zmm(28), at(RSI, 48)), "62 62 7D 48 31 66 03"),
                of(
                        "vextracti32x4 xmm3, zmm26, 2",
                        code -> code.vextracti32x4(zmm(3).xmm(), zmm(26), 2),
                        "62 63 7D 48 39 D3 02"),
                of("vcvtdq2ps zmm28, zmm14", code -> code.vcvtdq2ps(zmm(28), zmm(14)), "62 41 7C 48 5B E6"),
                of("vcvtps2dq zmm1, zmm20", code -> code.vcvtps2dq(zmm(1), zmm(20)), "62 B1 7D 48 5B CC"),
                of("vcvtph2ps zmm28, [rsi+32]", code -> code.vcvtph2ps(zmm(28), at(RSI, 32)), "62 62 7D 48 13 66 01"),
                of(
                        "vmulps zmm18, zmm18, dword ptr [rax+36]{1to16}",
                        code -> code.vmulps(zmm(18), zmm(18), each(RAX, 36)),
                        "62 E1 6C 50 59 50 09"),
                of("vsubps zmm27, zmm27, zmm26", code -> code.vsubps(zmm(27), zmm(27), zmm(26)), "62 01 24 40 5C DA"),
                of(
                        "vdivps xmm4, xmm2, xmm28",
                        code -> code.vdivps(zmm(4).xmm(), zmm(2).xmm(), zmm(28).xmm()),
                        "62 91 6C 08 5E E4"),
                of(
                        "vfmadd231ps zmm11, zmm23, zmm28",
                        code -> code.vfmadd231ps(zmm(11), zmm(23), zmm(28)),
                        "62 12 45 40 B8 DC"),
                of(
                        "vpermb zmm17{k1}, zmm25, zmm16",
                        code -> code.vpermb(zmm(17), zmm(25), zmm(16)),
                        "62 A2 35 41 8D C8"),
                of("vpermps zmm20, zmm16, zmm31", code -> code.vpermps(zmm(20), zmm(16), zmm(31)), "62 82 7D 40 16 E7"),
                of(
                        "vfmadd213ps zmm17, zmm20, zmm22",
                        code -> code.vfmadd213ps(zmm(17), zmm(20), zmm(22)),
                        "62 A2 5D 40 A8 CE"),
                of("vpmovzxbd zmm24, xmm24", code -> code.vpmovzxbd(zmm(24), zmm(24).xmm()), "62 02 7D 48 31 C0"),
                of(
                        "movabs rax, 0x2222222222222222; kmovq k1, rax",
                        code -> code.kmov(0x2222222222222222L),
                        "48 B8 22 22 22 22 22 22 22 22 C4 E1 FB 92 C8"),
                of("vpmovsxbd zmm26, [rsi+80]", code -> code.vpmovsxbd(zmm(26), at(RSI, 80)), "62 62 7D 48 21 56 05"),
                of(
                        "vfmadd231ps zmm21, zmm26, dword ptr [r11+r8*2+124]{1to16}",
                        code -> code.vfmadd231ps(
                                zmm(21), zmm(26), each(R11, 124).plus(R8, 2)),
                        "62 82 2D 50 B8 6C 43 1F"),
                of(
                        "vfmadd231ps zmm3, zmm26, dword ptr [rdi+r8]{1to16}",
                        code -> code.vfmadd231ps(zmm(3), zmm(26), each(RDI, 0).plus(R8, 1)),
                        "62 B2 2D 50 B8 1C 07"),
                of(
                        "vmovups zmm3, [r9+rax*8+4096]",
                        code -> code.vmovups(zmm(3), at(R9, 4096).plus(RAX, 8)),
                        "62 D1 7C 48 10 5C C1 40"),
                of(
                        "prefetcht1 [rsi+r10*4+64]",
                        code -> code.prefetcht1(at(RSI, 64).plus(R10, 4)),
                        "42 0F 18 54 96 40"),
                of(
                        "vpunpckldq zmm16, zmm0, zmm17",
                        code -> code.vpunpckldq(zmm(16), zmm(0), zmm(17)),
                        "62 A1 7D 48 62 C1"),
                of(
                        "vpunpckhdq zmm17, zmm20, zmm1",
                        code -> code.vpunpckhdq(zmm(17), zmm(20), zmm(1)),
                        "62 E1 5D 40 6A C9"),
                of(
                        "vpunpcklqdq zmm0, zmm16, zmm18",
                        code -> code.vpunpcklqdq(zmm(0), zmm(16), zmm(18)),
                        "62 B1 FD 40 6C C2"),
                of(
                        "vpunpckhqdq zmm31, zmm16, zmm8",
                        code -> code.vpunpckhqdq(zmm(31), zmm(16), zmm(8)),
                        "62 41 FD 40 6D F8"),
                of(
                        "vshufi32x4 zmm16, zmm3, zmm27, 0xdd",
                        code -> code.vshufi32x4(zmm(16), zmm(3), zmm(27), 0xDD),
                        "62 83 65 48 43 C3 DD"),
                of(
                        "vinserti64x4 zmm15, zmm21, [r11+2], 1",
                        code -> code.vinserti64x4(zmm(15), zmm(21), at(R11, 2)),
                        "62 53 D5 40 3A BB 02 00 00 00 01"),
                of("vpermi2b zmm16, zmm0, zmm24", code -> code.vpermi2b(zmm(16), zmm(0), zmm(24)), "62 82 7D 48 75 C0"),
                of("movzx eax, word ptr [r10+2]", code -> code.movzx(RAX, at(R10, 2)), "41 0F B7 42 02"),
                of("movzx r9d, word ptr [rsi]", code -> code.movzx(R9, at(RSI, 0)), "44 0F B7 0E"),
                of("mov [rdx+62], ax", code -> code.mov16(at(RDX, 62), RAX), "66 89 42 3E"),
                of("mov [r8+300], r9w", code -> code.mov16(at(R8, 300), R9), "66 45 89 88 2C 01 00 00"),
                of("vaddps zmm4, zmm4, zmm24", code -> code.vaddps(zmm(4), zmm(4), zmm(24)), "62 91 5C 48 58 E0"),
                of("vminps zmm0, zmm30, zmm0", code -> code.vminps(zmm(0), zmm(30), zmm(0)), "62 F1 0C 40 5D C0"),
                of("vmaxps zmm0, zmm29, zmm16", code -> code.vmaxps(zmm(0), zmm(29), zmm(16)), "62 B1 14 40 5F C0"),
                of(
                        "vpsubd zmm3, zmm3, [rsi+192]",
                        code -> code.vpsubd(zmm(3), zmm(3), at(RSI, 192)),
                        "62 F1 65 48 FA 5E 03"),
                of("prefetcht1 [rsi+4608]", code -> code.prefetcht1(at(RSI, 4608)), "0F 18 96 00 12 00 00"),
                of("vpmovzxwd zmm3, [r10+64]", code -> code.vpmovzxwd(zmm(3), at(R10, 64)), "62 D2 7D 48 33 5A 02"),
                of("vpmovzxwd zmm20, ymm31", code -> code.vpmovzxwd(zmm(20), zmm(31).ymm()), "62 82 7D 48 33 E7"),
                of("prefetcht1 [r11+64]", code -> code.prefetcht1(at(R11, 64)), "41 0F 18 53 40"),
                of("mov rax, rdi", code -> code.mov(RAX, RDI), "48 89 F8"),
                of("mov r9, rdx", code -> code.mov(R9, RDX), "49 89 D1"),
                of("mov rsi, r11", code -> code.mov(RSI, R11), "4C 89 DE"),
                of("mov eax, 0x7fffffff", code -> code.mov(RAX, 0x7FFFFFFF), "B8 FF FF FF 7F"),
                of("mov r10d, 8", code -> code.mov(R10, 8), "41 BA 08 00 00 00"),
                of("add rsi, rcx", code -> code.add(RSI, RCX), "48 01 CE"),
                of("add r8, 1000", code -> code.add(R8, 1000), "49 81 C0 E8 03 00 00"),
                of("dec rdx", code -> code.dec(RDX), "48 FF CA"),
                of("dec r10", code -> code.dec(R10), "49 FF CA"),
                of("dec rdx, jnz to it", AssemblerTest::countDown, "48 FF CA 0F 85 F7 FF FF FF"),
                of("test r9, r9", code -> code.test(R9), "4D 85 C9"),
                of("test rdx, rdx", code -> code.test(RDX), "48 85 D2"),
                of("cmp r8d, 2139095040", code -> code.cmp(R8, 2139095040), "41 81 F8 00 00 80 7F"),
                of("cmp ecx, 1000", code -> code.cmp(RCX, 1000), "81 F9 E8 03 00 00"),
                of("vzeroupper; ret", code -> code.ret(), "C5 F8 77 C3"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void encodesAsOthersDo(Case one) {
        Assembler code = new Assembler();
        one.instruction.accept(code);
        assertThat(hex(code)).isEqualTo(one.bytes);
    }

    private static String hex(Assembler code) {
        return HexFormat.ofDelimiter(" ").formatHex(code.toBytes()).toUpperCase(Locale.ROOT);
    }

    @Test
    void jumpsGoToTheirLabels() {
        Label start = new Label();
        Label end = new Label();
        Assembler code = new Assembler();
        code.place(start);
        code.dec(RDX); // 3 bytes
        code.jump(Condition.ZERO, end); // 6
        code.jump(Condition.NOT_ZERO, start); // 6: back by 15
        code.jump(Condition.LESS, start); // 6: back by 21
        code.jump(Condition.NOT_LESS, end); // 6: over 5
        code.jump(start); // 5: back by 32
        code.place(end);
        assertThat(hex(code))
                .isEqualTo("48 FF CA 0F 84 17 00 00 00 0F 85 F1 FF FF FF 0F 8C EB FF FF FF 0F 8D 05 00 00 00"
                        + " E9 E0 FF FF FF");
    }

    @Test
    void whatCannotBeEncodedThrows() {
        assertThatIllegalArgumentException().isThrownBy(() -> zmm(32)).withMessageContaining("32");
        Assembler code = new Assembler();
        code.jump(new Label());
        assertThatIllegalStateException().isThrownBy(code::toBytes).withMessageContaining("label");
    }

    private static void countDown(Assembler code) {
        Label loop = new Label();
        code.place(loop);
        code.repeat(RDX, loop);
    }
}
