package dev.troupe.deploy.chaos;

/** What happens to a node. */
public enum Fault {
    /** It is killed, with SIGKILL. */
    KILL("killed"),
    /** It stands still, by SIGSTOP, as if its machine were suspended, until the cluster has removed it. */
    PAUSE("paused"),
    /** The network between it and all others is cut until they have removed it; it goes on for itself meanwhile. */
    PARTITION("cut off");

    private final String done;

    Fault(String done) {
        this.done = done;
    }

    /** What was done to the node, for people to read. */
    public String done() {
        return done;
    }
}
