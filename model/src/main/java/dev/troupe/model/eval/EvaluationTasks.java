package dev.troupe.model.eval;

import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * The evaluation tasks that there are, by name. Some take a file behind a colon: {@code text:notes.txt}.
 *
 * <ul>
 *   <li>{@code perplexity} and {@code bitsPerByte} of the held-out windows; the second compares tokenizers, too;
 *   <li>{@code contextGain}: how much lower the loss is in the last quarter of a window than in the first, in nats a
 *       token: what the model makes of context (as in arXiv:2209.11895, section "in-context learning score");
 *   <li>{@code text:FILE}: bits per byte of another text;
 *   <li>{@code choice:FILE}: the share of multiple-choice questions that it answers rightly ({@link ChoiceTask}).
 * </ul>
 */
public final class EvaluationTasks {
    private record OfHeldOut(String name, ToDoubleFunction<HeldOutScores> measure) implements EvaluationTask {
        @Override
        public double score(EvaluatedModel model) {
            return measure.applyAsDouble(model.heldOut());
        }
    }

    private static final Map<String, ToDoubleFunction<HeldOutScores>> OF_HELD_OUT = Map.of(
            "perplexity", scores -> Math.exp(scores.loss()),
            "bitsPerByte", scores -> scores.loss() * scores.tokens() / Math.log(2) / scores.bytes(),
            "contextGain", scores -> scores.earlyLoss() - scores.lateLoss());

    private static final Map<String, Function<Path, EvaluationTask>> OF_FILE =
            Map.of("text", TextTask::new, "choice", ChoiceTask::new);

    private EvaluationTasks() {}

    /**
     * Tasks by their names.
     *
     * @throws TroupeException for a name that there is not, saying which there are
     */
    public static List<EvaluationTask> named(List<String> names) {
        return names.stream().map(EvaluationTasks::named).toList();
    }

    private static EvaluationTask named(String name) {
        ToDoubleFunction<HeldOutScores> measure = OF_HELD_OUT.get(name);
        if (measure != null) {
            return new OfHeldOut(name, measure);
        }
        int colon = name.indexOf(':');
        Function<Path, EvaluationTask> task = colon < 0 ? null : OF_FILE.get(name.substring(0, colon));
        if (task == null || colon == name.length() - 1) {
            throw new TroupeException("there is no evaluation task '" + name + "'; the tasks are: " + known());
        }
        return task.apply(Path.of(name.substring(colon + 1)));
    }

    /** The name of the same task in any working directory. */
    public static String withAbsolutePath(String name) {
        int colon = name.indexOf(':');
        return colon < 0
                ? name
                : name.substring(0, colon + 1)
                        + Path.of(name.substring(colon + 1)).toAbsolutePath().normalize();
    }

    private static String known() {
        Map<String, String> names = new TreeMap<>();
        OF_HELD_OUT.keySet().forEach(name -> names.put(name, name));
        OF_FILE.keySet().forEach(name -> names.put(name, name + ":FILE"));
        return String.join(", ", names.values());
    }
}
