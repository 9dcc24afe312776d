package dev.troupe.actors.serving.kv;

/** What copy on write comes to: all that block {@code from} holds goes to block {@code to}, in every layer. */
public record BlockCopy(int from, int to) {}
