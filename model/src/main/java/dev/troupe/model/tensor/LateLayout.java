package dev.troupe.model.tensor;

/**
 * A layout that is filled once the model answers, a piece after the other. Until then products read what it is made of.
 */
public interface LateLayout {
    /** How many pieces it has. */
    int pieces();

    /** Fills one piece: the first, then the next, each once, by one thread. Others may read the layout meanwhile. */
    void fill(int piece);
}
