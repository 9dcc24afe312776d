package dev.troupe.deploy.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * What checkpoints cost a training, from when its steps ended and when checkpoints were being written: steps that a
 * checkpoint was asked for before, or written beside, against the median of the others.
 */
final class CheckpointCost {
    private final List<Long> steps = new ArrayList<>();
    private final List<Save> saves = new ArrayList<>();

    /**
     * A checkpoint.
     *
     * @param begin when it was asked for, nanoseconds
     * @param end when it was whole on disk
     * @param pause that the next step waited for a copy, seconds
     */
    record Save(long begin, long end, double pause) {
        double seconds() {
            return (end - begin) * 1e-9;
        }
    }

    /**
     * What they cost.
     *
     * @param stepSeconds of a step beside which nothing is written, the median
     * @param pauseSeconds that a step waits for the copy, the median
     * @param writtenSeconds until a checkpoint is whole, the median
     * @param extraSeconds by which a checkpoint makes the run longer, pause included, the median
     */
    record Cost(int checkpoints, double stepSeconds, double pauseSeconds, double writtenSeconds, double extraSeconds) {}

    /** A step has ended; in order of time. */
    synchronized void stepEnded(long nanos) {
        steps.add(nanos);
    }

    /** A checkpoint is on disk; in order of time. */
    synchronized void saved(Save save) {
        saves.add(save);
    }

    /**
     * The cost of all checkpoints but the first {@code warmUp}, after which code is compiled.
     *
     * @throws IllegalStateException when there are no others, or no step was taken beside none of them
     */
    synchronized Cost after(int warmUp) {
        if (saves.size() <= warmUp) {
            throw new IllegalStateException(
                    "there are " + saves.size() + " checkpoints, of which " + warmUp + " warm up");
        }
        List<Save> counted = saves.subList(warmUp, saves.size());
        long from = saves.get(warmUp).begin();
        if (warmUp > 0) {
            from = saves.get(warmUp - 1).end();
        }
        List<Double> undisturbed = new ArrayList<>();
        double[] beside = new double[counted.size()];
        int[] stepsBeside = new int[counted.size()];
        for (int i = 1; i < steps.size(); i++) {
            long begin = steps.get(i - 1);
            long end = steps.get(i);
            int save = overlapping(counted, begin, end);
            if (save >= 0) {
                beside[save] += (end - begin) * 1e-9;
                stepsBeside[save]++;
            } else if (begin >= from) {
                undisturbed.add((end - begin) * 1e-9);
            }
        }
        if (undisturbed.isEmpty()) {
            throw new IllegalStateException("checkpoints were written beside all steps: put more steps between them");
        }
        double step = median(undisturbed);
        double[] extra = new double[beside.length];
        for (int i = 0; i < extra.length; i++) {
            extra[i] = beside[i] - stepsBeside[i] * step;
        }
        return new Cost(
                counted.size(),
                step,
                ServeLevels.median(counted.stream().mapToDouble(Save::pause).toArray()),
                ServeLevels.median(counted.stream().mapToDouble(Save::seconds).toArray()),
                ServeLevels.median(extra));
    }

    /** Which of the checkpoints was under way between these; negative for none. */
    private static int overlapping(List<Save> saves, long begin, long end) {
        for (int i = 0; i < saves.size(); i++) {
            if (saves.get(i).begin() < end && saves.get(i).end() > begin) {
                return i;
            }
        }
        return -1;
    }

    private static double median(List<Double> values) {
        return ServeLevels.median(
                values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
