package dev.troupe.model.plan.schedule;

/** A link that carries one thing at a time, in the order in which they were given to it. */
final class Channel {
    private final EventQueue events;
    private double freeAt;

    Channel(EventQueue events) {
        this.events = events;
    }

    /** Sends something now or when the channel is free; {@code arrived} happens when all of it has arrived. */
    void send(double seconds, Runnable arrived) {
        freeAt = Math.max(freeAt, events.now()) + seconds;
        events.at(freeAt, arrived);
    }

    /** When the last thing that was sent has arrived. */
    double freeAt() {
        return freeAt;
    }
}
