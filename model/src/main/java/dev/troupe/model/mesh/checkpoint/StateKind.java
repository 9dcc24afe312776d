package dev.troupe.model.mesh.checkpoint;

/** The three numbers that training keeps of a parameter's element. */
enum StateKind {
    WEIGHT(0, "weight"),
    /** AdamW's mean of gradients. */
    MOMENT1(1, "moment1"),
    /** AdamW's mean of squared gradients. */
    MOMENT2(2, "moment2");

    private final int row;
    private final String word;

    StateKind(int row, String word) {
        this.row = row;
        this.word = word;
    }

    /** Which row of a snapshot it is. */
    int row() {
        return row;
    }

    /** What begins its tensors' names in files. */
    String word() {
        return word;
    }
}
