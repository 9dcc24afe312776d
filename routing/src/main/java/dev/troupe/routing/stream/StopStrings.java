package dev.troupe.routing.stream;

import java.util.List;

/**
 * Finds the first stop string in a text that comes in pieces. Text that may be the beginning of a stop string is held
 * back until that is decided, so no part of one is ever released. Which one is found does not depend on how the text is
 * cut into pieces: the one that is complete first, of equals the longest.
 */
final class StopStrings {
    private final List<String> stops;
    private String held = "";
    private boolean matched;

    StopStrings(List<String> stops) {
        this.stops = List.copyOf(stops);
    }

    /** Whether a stop string came up; nothing is released after it. */
    boolean matched() {
        return matched;
    }

    /** Text that is certainly no part of a stop string; ends before the stop string when one is complete. */
    String append(String text) {
        if (matched || text.isEmpty()) {
            return "";
        }
        if (stops.isEmpty()) {
            return text;
        }
        String all = held + text;
        int start = firstMatch(all);
        if (start >= 0) {
            matched = true;
            held = "";
            return all.substring(0, start);
        }
        int kept = lengthOfPartialMatch(all);
        held = all.substring(all.length() - kept);
        return all.substring(0, all.length() - kept);
    }

    /** The end of the text: what was held back is no stop string after all. */
    String flush() {
        String rest = matched ? "" : held;
        held = "";
        return rest;
    }

    /** Where the stop string begins that ends first; -1 when there is none. */
    private int firstMatch(String text) {
        int bestStart = -1;
        int bestEnd = Integer.MAX_VALUE;
        for (String stop : stops) {
            int start = text.indexOf(stop);
            if (start < 0) {
                continue;
            }
            int end = start + stop.length();
            if (end < bestEnd || (end == bestEnd && start < bestStart)) {
                bestStart = start;
                bestEnd = end;
            }
        }
        return bestStart;
    }

    /** Length of the longest end of {@code text} that a stop string begins with. */
    private int lengthOfPartialMatch(String text) {
        int longest = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, text.length()); length > longest; length--) {
                if (text.startsWith(stop.substring(0, length), text.length() - length)) {
                    longest = length;
                }
            }
        }
        return longest;
    }
}
