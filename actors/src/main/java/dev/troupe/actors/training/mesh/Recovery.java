package dev.troupe.actors.training.mesh;

import dev.troupe.model.TroupeException;
import java.util.List;
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
     * @return who is to blame
     */
    List<String> blame(List<String> missing) {
        lost = List.copyOf(missing);
        String suspected = suspect;
        suspect = null;
        return missing.isEmpty() && suspected != null ? List.of(suspected) : lost;
    }

    /** Adds to the cause. */
    void explain(String more) {
        cause += "; " + more;
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
        waitsFor = "";
        return seconds();
    }
}
