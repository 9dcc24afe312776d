package dev.troupe.actors.training.run;

/** Why an attempt at a run ends, and another one goes on from a checkpoint. */
public sealed interface NextAttempt permits GoingBack, Reshaping, Restarting {
    /** Fit for a user. */
    String reason();
}
