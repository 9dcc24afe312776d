package dev.troupe.model.plan.schedule;

import java.util.Comparator;
import java.util.PriorityQueue;

/** What happens when, in the order of time; events of one time happen in the order in which they were planned. */
final class EventQueue {
    private record Event(double time, long number, Runnable action) {}

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingDouble(Event::time).thenComparingLong(Event::number));
    private long numPlanned;
    private double now;

    /** Seconds since the start. */
    double now() {
        return now;
    }

    /** Plans an event for now or later. */
    void at(double time, Runnable action) {
        if (time < now) {
            throw new IllegalArgumentException("an event at " + time + " s is in the past: it is " + now + " s");
        }
        events.add(new Event(time, numPlanned++, action));
    }

    /** Lets everything happen that is planned, and what that plans. */
    void run() {
        for (Event event = events.poll(); event != null; event = events.poll()) {
            now = event.time();
            event.action().run();
        }
    }
}
