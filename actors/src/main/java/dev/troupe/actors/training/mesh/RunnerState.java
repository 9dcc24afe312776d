package dev.troupe.actors.training.mesh;

/** What the nodes of a runner do. */
enum RunnerState {
    /** No work is under way. */
    IDLE,
    /** Nodes are asked what they have. */
    ASKING,
    /** The checksums of the checkpoint that ranks are to go back to are compared. */
    CHECKING,
    /** Another runner is to go on, with another mesh or from another checkpoint. */
    ENDING,
    /** Nodes build their ranks. */
    BUILDING,
    /** Ranks take a step. */
    STEPPING,
    /** Ranks evaluate. */
    EVALUATING,
    /** Ranks copy their states; what they write after that is waited for in any state. */
    SAVING
}
