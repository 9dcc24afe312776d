package dev.troupe.model.kernel.machine;

import org.jspecify.annotations.Nullable;

/**
 * A place in memory.
 *
 * @param index what is added to the base, {@code scale} times, if anything is
 * @param scale 1, 2, 4 or 8
 * @param displacement bytes after these
 * @param broadcast whether its four bytes are meant in each lane
 */
public record Address(Register base, @Nullable Register index, int scale, int displacement, boolean broadcast)
        implements Operand {
    /** What is at a distance of a register's address. */
    public static Address at(Register base, int displacement) {
        return new Address(base, null, 1, displacement, false);
    }

    /** Four bytes at a distance of a register's address, for each lane. */
    public static Address each(Register base, int displacement) {
        return new Address(base, null, 1, displacement, true);
    }

    /** The same, {@code scale} times another register further on. */
    public Address plus(Register other, int scale) {
        return new Address(base, other, scale, displacement, broadcast);
    }

    /** As it is meant where an instruction has four bytes for each lane by itself. */
    Address withoutBroadcast() {
        return new Address(base, index, scale, displacement, false);
    }

    int indexNumber() {
        return index == null ? NO_INDEX : index.number();
    }

    /** The number that stands for no index; no {@link Register} has it. */
    static final int NO_INDEX = 4;
}
