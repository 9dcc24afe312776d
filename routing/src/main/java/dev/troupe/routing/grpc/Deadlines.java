package dev.troupe.routing.grpc;

import akka.grpc.javadsl.Metadata;
import java.time.Duration;
import java.util.regex.Pattern;

/** A call's own deadline: the header grpc-timeout, up to eight digits and a unit. */
final class Deadlines {
    private static final Pattern TIMEOUT = Pattern.compile("(\\d{1,8})([HMSmun])");

    private Deadlines() {}

    /** What the client gives the call, but no more than {@code limit}. */
    static Duration of(Metadata metadata, Duration limit) {
        return metadata.getText("grpc-timeout")
                .map(Deadlines::parse)
                .filter(timeout -> timeout.compareTo(limit) < 0)
                .orElse(limit);
    }

    private static Duration parse(String text) {
        var matcher = TIMEOUT.matcher(text);
        if (!matcher.matches()) {
            // The specification leaves it open; no deadline at all is the safe reading.
            return Duration.ofDays(1);
        }
        long amount = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "H" -> Duration.ofHours(amount);
            case "M" -> Duration.ofMinutes(amount);
            case "S" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMillis(amount);
            case "u" -> Duration.ofNanos(amount * 1000);
            default -> Duration.ofNanos(amount);
        };
    }
}
