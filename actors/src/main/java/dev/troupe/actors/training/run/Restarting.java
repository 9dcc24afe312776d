package dev.troupe.actors.training.run;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The checkpoint that a run had to go back to is damaged: it goes on from the one before.
 *
 * @param fromStep steps taken until then
 * @param reason names what was lost and what is damaged, fit for a user
 */
public record Restarting(long fromStep, String reason) implements NextAttempt {
    /** The reason, with other checkpoints that are damaged, too. */
    String reasonWith(List<String> passedOver) {
        return Stream.concat(Stream.of(reason), passedOver.stream().filter(checkpoint -> !reason.contains(checkpoint)))
                .collect(Collectors.joining("; "));
    }
}
