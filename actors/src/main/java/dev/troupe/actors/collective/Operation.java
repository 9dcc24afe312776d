package dev.troupe.actors.collective;

/**
 * What a transfer is part of. It travels with the bytes, so that ranks that do not call the same operations find out at
 * once. The numbers are part of the protocol between nodes.
 */
public enum Operation {
    ALL_REDUCE(1, "all-reduce"),
    REDUCE_SCATTER(2, "reduce-scatter"),
    ALL_GATHER(3, "all-gather"),
    BROADCAST(4, "broadcast"),
    SEND(5, "send and receive"),
    NUMBERS(6, "gather of numbers");

    private final int code;
    private final String words;

    Operation(int code, String words) {
        this.code = code;
        this.words = words;
    }

    /** The number that travels. */
    public int code() {
        return code;
    }

    /** The words for a number that came from a peer, whatever it is. */
    public static String describe(int code) {
        for (Operation operation : values()) {
            if (operation.code == code) {
                return operation.words;
            }
        }
        return "operation " + code;
    }

    @Override
    public String toString() {
        return words;
    }
}
