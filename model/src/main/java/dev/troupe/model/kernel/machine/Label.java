package dev.troupe.model.kernel.machine;

/** A place in the code that is jumped to. */
public final class Label {
    private static final int NOWHERE = -1;

    private int position = NOWHERE;

    void place(int at) {
        position = at;
    }

    boolean isPlaced() {
        return position != NOWHERE;
    }

    /** Bytes of the code before it. */
    int position() {
        return position;
    }
}
