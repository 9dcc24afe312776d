package dev.troupe.deploy.chaos;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * In which order things happen to nodes, by the seed: which of them to the coordinator, and which with another behind.
 */
final class FaultPlan {
    private final Random random;
    private final List<Fault> faults; // one after the other
    private final int coordinatorsTurn; // which of them is the coordinator's for sure; others are anybody's
    private int seconds; // kills during a recovery that are left
    private int turn;

    FaultPlan(ChaosSettings settings, Random random) {
        this.random = random;
        this.faults = new ArrayList<>(settings.faults());
        this.seconds = settings.duringRecovery();
        Collections.shuffle(faults, random);
        List<Integer> turns = IntStream.range(0, faults.size())
                .filter(i -> faults.get(i) == Fault.KILL || settings.kills() == 0)
                .boxed()
                .toList();
        this.coordinatorsTurn = turns.get(random.nextInt(turns.size()));
    }

    /** Whether all has happened. */
    boolean isDone() {
        return turn == faults.size();
    }

    /** What is next. */
    Fault fault() {
        return faults.get(turn);
    }

    /** Whether that happens to the coordinator. */
    boolean isCoordinators() {
        return turn == coordinatorsTurn;
    }

    /** Draws whether another node is killed while the run recovers from it: as many as are wanted find their place. */
    boolean drawSecond() {
        int killsLeft = Collections.frequency(faults.subList(turn, faults.size()), Fault.KILL);
        return fault() == Fault.KILL && random.nextInt(killsLeft) < seconds;
    }

    /**
     * It has happened.
     *
     * @param hasSecond whether another node was killed meanwhile; when the recovery was over before one that is still
     *     wanted, the plan becomes longer by a kill
     */
    void next(boolean hasSecond) {
        turn++;
        seconds -= hasSecond ? 1 : 0;
        if (isDone() && seconds > 0) {
            faults.add(Fault.KILL);
        }
    }
}
