package dev.troupe.actors.training.mesh;

import dev.troupe.model.TroupeException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a runner knows of the recovery it is in, from when something is noticed until ranks are ready again. */
final class Recovery {
    /** How often a recovery may begin anew before the run fails. */
    private static final int MAX_ATTEMPTS = 60;

    private String cause = "";
    private String waitsFor = "";
    private long noticedNanos;
    private int attempts;
    private @Nullable String suspect;
    private List<String> lost = List.of();
    private final Set<String> blamed = new HashSet<>(); // in this recovery

    /** @param blamed names of nodes whose loss is known already, as it began an attempt at the run */
    Recovery(Collection<String> blamed) {
        this.blamed.addAll(blamed);
    }

    /** Something is wrong. Whether that is news. */
    boolean notice(String what) {
        boolean isNews = attempts == 0;
        if (isNews) {
            cause = what;
            noticedNanos = System.nanoTime();
            lost = List.of();
        }
        attempts++;
        if (attempts > MAX_ATTEMPTS) {
            throw new TroupeException("the run could not go on after " + cause + ": " + what);
        }
        return isNews;
    }

    /** Nodes are waited for: as long as it takes, if that is patient. Whether that is news. */
    boolean waits(String what, boolean isPatient) {
        attempts = isPatient ? 1 : attempts;
        boolean isNews = !what.equals(waitsFor);
        waitsFor = what;
        return isNews;
    }

    /** A node says that it failed. The first one is to blame, unless a node is lost. */
    void suspect(String node) {
        if (attempts == 0) {
            suspect = node;
        }
    }

    /**
     * Nodes with ranks are lost.
     *
     * @return who is to blame, each once in a recovery
     */
    List<String> blame(List<String> missing) {
        lost = List.copyOf(missing);
        String suspected = suspect;
        suspect = null;
        List<String> toBlame = missing.isEmpty() && suspected != null ? List.of(suspected) : lost;
        return toBlame.stream().filter(blamed::add).toList();
    }

    /** Adds to the cause, once. */
    void explain(String more) {
        if (!cause.contains(more)) {
            cause += "; " + more;
        }
    }

    /** Seconds since the loss was noticed. */
    double seconds() {
        return (System.nanoTime() - noticedNanos) * 1e-9;
    }

    String cause() {
        return cause;
    }

    /** Names of nodes. */
    List<String> lost() {
        return lost;
    }

    /** Ranks are ready. The seconds that it took. */
    double end() {
        attempts = 0;
        suspect = null;
        blamed.clear();
        waitsFor = "";
        return seconds();
    }
}
