package dev.troupe.model.mesh.placement;

/** How near two ranks are to each other, the nearest first. */
public enum LinkLevel {
    /** In one JVM. */
    PROCESS("inside a process"),
    /** In two JVMs of a machine. */
    HOST("on one machine"),
    /** On two machines of a rack or zone. */
    ZONE("across machines"),
    /** Farther apart. */
    ELSEWHERE("across zones");

    private final String words;

    LinkLevel(String words) {
        this.words = words;
    }

    /** What is said of ranks that are no farther apart. */
    String words() {
        return words;
    }
}
