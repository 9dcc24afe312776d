package dev.troupe.model.format.shards;

/** The three numbers that training keeps of a parameter's element. */
public enum StateKind {
    WEIGHT("weight."),
    /** AdamW's mean of gradients. */
    MOMENT1("moment1."),
    /** AdamW's mean of squared gradients. */
    MOMENT2("moment2.");

    private final String prefix;

    StateKind(String prefix) {
        this.prefix = prefix;
    }

    /** What its tensors' names begin with in files, before the parameter's. */
    public String prefix() {
        return prefix;
    }
}
