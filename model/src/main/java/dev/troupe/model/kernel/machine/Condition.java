package dev.troupe.model.kernel.machine;

/** When a jump is taken: how what was compared, tested or counted last came out. */
public enum Condition {
    ZERO(4),
    NOT_ZERO(5),
    LESS(12),
    NOT_LESS(13);

    private final int code;

    Condition(int code) {
        this.code = code;
    }

    /** As instructions have it. */
    int code() {
        return code;
    }
}
