package dev.troupe.actors.training.run;

import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.model.TroupeException;
import dev.troupe.model.data.CorpusTokens;
import dev.troupe.model.format.TrainingState;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Which settings a resumed run may change, and the ones that a checkpoint keeps for it. */
public final class ResumeCheck {
    /** The number of steps of the schedule, which a time budget has fixed. */
    private static final String TOTAL_STEPS = "run.totalSteps";

    private static final String TRAIN_TOKENS = "run.trainTokens";
    private static final String TOKENIZER = "run.tokenizerSha256";

    /** Settings that do not decide the weights. The others do. */
    private static final Set<String> MAY_CHANGE = Set.of(
            "data.text",
            "data.prefetch",
            "data.from",
            "data.nodeWaitSeconds",
            "compute.backend",
            "train.threads",
            "train.minutes",
            "train.steps",
            "train.lossWindow",
            "train.stepTimeoutSeconds");

    private ResumeCheck() {}

    /** What a checkpoint keeps. */
    public static Map<String, String> settings(TrainingConfig config, long totalSteps, CorpusTokens tokens) {
        Map<String, String> settings = new TreeMap<>(config.values());
        settings.put(TRAIN_TOKENS, Long.toString(tokens.tokens()));
        settings.put(TOKENIZER, tokens.tokenizerSha256());
        settings.put(TOTAL_STEPS, Long.toString(totalSteps));
        return settings;
    }

    /**
     * The number of steps that a resumed run has: the user's own, or for a time budget the one that was fixed when the
     * run began.
     */
    public static long totalSteps(TrainingState state, TrainingConfig config) {
        String fixed = state.settings().get(TOTAL_STEPS);
        if (!config.train().isTimed() || fixed == null) {
            return config.train().steps();
        }
        return Long.parseLong(fixed);
    }

    static void requireSameRun(Path checkpoint, TrainingState state, TrainingConfig config, CorpusTokens tokens) {
        config.values().forEach((key, value) -> {
            String stored = state.settings().get(key);
            boolean free = MAY_CHANGE.contains(key)
                    || key.startsWith("checkpoint.")
                    || key.startsWith("eval.")
                    || key.startsWith("mesh.")
                    || key.startsWith("rollback.");
            if (!free && stored != null && !stored.equals(value)) {
                throw new TroupeException("configuration key \"" + key + "\" is \"" + value + "\", but checkpoint "
                        + checkpoint + " was trained with \"" + stored
                        + "\": resume with the same settings, or start another run");
            }
        });
        boolean sameText = Long.toString(tokens.tokens())
                        .equals(state.settings().getOrDefault(TRAIN_TOKENS, Long.toString(tokens.tokens())))
                && tokens.tokenizerSha256().equals(state.settings().getOrDefault(TOKENIZER, tokens.tokenizerSha256()));
        if (!sameText) {
            throw new TroupeException("the text of " + tokens.name() + " is not the one that checkpoint " + checkpoint
                    + " was trained on: resume with the same data.text, or start another run");
        }
        long totalSteps = totalSteps(state, config);
        boolean known = totalSteps > 0; // a time budget may not have fixed it yet
        if (known && totalSteps < state.step()) {
            throw new TroupeException("train.steps is " + totalSteps + ", but checkpoint " + checkpoint + " has "
                    + state.step() + " steps already: raise train.steps");
        }
    }
}
