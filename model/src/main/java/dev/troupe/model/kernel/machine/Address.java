package dev.troupe.model.kernel.machine;

/**
 * A place in memory.
 *
 * @param displacement bytes after what {@code base} has
 * @param broadcast whether its four bytes are meant in each lane
 */
public record Address(Register base, int displacement, boolean broadcast) implements Operand {
    /** What is at a distance of a register's address. */
    public static Address at(Register base, int displacement) {
        return new Address(base, displacement, false);
    }

    /** Four bytes at a distance of a register's address, for each lane. */
    public static Address each(Register base, int displacement) {
        return new Address(base, displacement, true);
    }
}
