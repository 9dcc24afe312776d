package dev.troupe.routing.generate;

import dev.troupe.routing.stream.TextEvent;

/** A text event of one of a request's answers. */
public record ChoiceEvent(int choice, TextEvent event) {}
