package dev.troupe.model.kernel.machine;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** Instructions of general registers, jumps, and how operands are encoded in all of them. */
abstract sealed class GeneralInstructions permits Assembler {
    static final int REX_W = 0x48;
    private static final int INDEXED = 4; // in place of a base: there is an index, too

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();
    private final List<Jump> jumps = new ArrayList<>();

    /** Four bytes of a distance that are not known yet. */
    private record Jump(int at, Label to) {}

    /**
     * The code so far.
     *
     * @throws IllegalStateException when a label that is jumped to has no place
     */
    public final byte[] toBytes() {
        byte[] bytes = code.toByteArray();
        for (Jump jump : jumps) {
            if (!jump.to.isPlaced()) {
                throw new IllegalStateException("a label that is jumped to has no place");
            }
            int distance = jump.to.position() - (jump.at + Integer.BYTES);
            for (int i = 0; i < Integer.BYTES; i++) {
                bytes[jump.at + i] = (byte) (distance >> (8 * i));
            }
        }
        return bytes;
    }

    /** Gives a label its place: here. */
    public final void place(Label label) {
        label.place(code.size());
    }

    /** Jumps when what was compared or counted last is so. */
    public final void jump(Condition condition, Label to) {
        bytes(0x0F, 0x80 | condition.code());
        distance(to);
    }

    public final void jump(Label to) {
        bytes(0xE9);
        distance(to);
    }

    /** Counts down, and jumps back as long as something is left to count: the end of a loop. */
    public final void repeat(Register count, Label from) {
        dec(count);
        jump(Condition.NOT_ZERO, from);
    }

    private void distance(Label to) {
        jumps.add(new Jump(code.size(), to));
        int32(0);
    }

    public final void mov(Register to, Register from) {
        general(0x89, from.number(), to);
    }

    /** The upper half becomes zero. */
    public final void mov(Register to, int value) {
        if (to.number() > 7) {
            bytes(0x41);
        }
        bytes(0xB8 | (to.number() & 7));
        int32(value);
    }

    public final void add(Register to, Register from) {
        general(0x01, from.number(), to);
    }

    public final void add(Register to, int value) {
        general(0x81, 0, to);
        int32(value);
    }

    /** Subtracts one. */
    public final void dec(Register to) {
        general(0xFF, 1, to);
    }

    /** Finds out whether it is zero. */
    public final void test(Register value) {
        general(0x85, value.number(), value);
    }

    /** Compares the lower halves. */
    public final void cmp(Register left, int right) {
        if (left.number() > 7) {
            bytes(0x41);
        }
        bytes(0x81, 0xC0 | 7 << 3 | (left.number() & 7));
        int32(right);
    }

    private void general(int opcode, int reg, Register rm) {
        bytes(REX_W | reg >> 3 << 2 | rm.number() >> 3, opcode, 0xC0 | (reg & 7) << 3 | (rm.number() & 7));
    }

    /** Two bytes of memory, without a sign. */
    public final void movzx(Register to, Address from) {
        rex(to, from);
        bytes(0x0F, 0xB7);
        memory(to.number() & 7, from, 1);
    }

    /** Stores the lowest two bytes. */
    public final void mov16(Address to, Register from) {
        bytes(0x66);
        rex(from, to);
        bytes(0x89);
        memory(from.number() & 7, to, 1);
    }

    private void rex(Register reg, Address address) {
        int bits = reg.number() >> 3 << 2 | upper(address);
        if (bits != 0) {
            bytes(0x40 | bits);
        }
    }

    /** Asks for a line of memory in the middle cache. It may be anybody's address: nothing is read from a wrong one. */
    public final void prefetcht1(Address address) {
        rex(Register.RAX, address);
        bytes(0x0F, 0x18);
        memory(2, address, 1);
    }

    /** The bits of an operand's numbers that ModRM and what follows it have no room for. */
    static int upper(Operand rm) {
        return switch (rm) {
            case VectorRegister register -> register.number() >> 3;
            case Address address ->
                (address.indexNumber() >> 3) << 1 | address.base().number() >> 3;
        };
    }

    /** ModRM, and what follows it, of a place in memory. No register of {@link Register} needs more. */
    final void memory(int reg, Address address, int unit) {
        int base = address.base().number() & 7;
        int displacement = address.displacement();
        int units = displacement / unit;
        boolean none = displacement == 0;
        boolean small = displacement % unit == 0 && units == (byte) units;
        int form = (none ? 0 : small ? 0x40 : 0x80) | reg << 3;
        if (address.index() == null) {
            bytes(form | base);
        } else {
            int places = Integer.numberOfTrailingZeros(address.scale());
            bytes(form | INDEXED, places << 6 | (address.indexNumber() & 7) << 3 | base);
        }
        if (!none && small) {
            bytes(units);
        } else if (!none) {
            int32(displacement);
        }
    }

    final void bytes(int... values) {
        for (int value : values) {
            code.write(value);
        }
    }

    final void int32(int value) {
        bytes(value, value >> 8, value >> 16, value >> 24);
    }
}
