package dev.troupe.model.mesh.placement;

/**
 * Bytes a second that one process, or one machine where it is links between machines, sends at each level.
 *
 * @param process between ranks of a JVM
 * @param host between JVMs of a machine
 * @param zone between machines of a rack or zone
 * @param elsewhere between those of different ones
 */
public record LinkSpeeds(double process, double host, double zone, double elsewhere) {
    public LinkSpeeds {
        if (!(process > 0 && host > 0 && zone > 0 && elsewhere > 0)) {
            throw new IllegalArgumentException("links must move something");
        }
    }

    /** Of a level. */
    double at(LinkLevel level) {
        return switch (level) {
            case PROCESS -> process;
            case HOST -> host;
            case ZONE -> zone;
            case ELSEWHERE -> elsewhere;
        };
    }
}
