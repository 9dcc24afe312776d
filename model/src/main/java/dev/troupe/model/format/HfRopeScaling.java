package dev.troupe.model.format;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.RopeScaling;
import org.jspecify.annotations.Nullable;

/** The object rope_scaling of a config.json, which newer files call rope_parameters and keep the base in. */
final class HfRopeScaling {
    private static final String KEY = "rope_scaling";
    private static final String NEWER_KEY = "rope_parameters";
    private static final double BETA_FAST = 32;
    private static final double BETA_SLOW = 1;

    private HfRopeScaling() {}

    /** What the positions' scaling is; null for none. */
    static @Nullable RopeScaling read(JsonFields fields, int contextLength) {
        boolean newer = fields.has(NEWER_KEY);
        JsonFields scaling = fields.nested(newer ? NEWER_KEY : KEY);
        if (scaling.isAbsent()) {
            return null;
        }
        String type = scaling.text("rope_type", scaling.text("type", newer ? "default" : ""));
        double factor = scaling.number("factor", 1);
        return switch (type) {
            case "default" -> null;
            case "linear" -> new RopeScaling.Linear(factor);
            case "llama3" ->
                new RopeScaling.Llama3(
                        factor,
                        scaling.number("low_freq_factor", 1),
                        scaling.number("high_freq_factor", 4),
                        scaling.positive("original_max_position_embeddings"));
            case "yarn" -> yarn(scaling, factor, contextLength);
            default -> {
                scaling.require(false, "rope_type", "\"linear\", \"llama3\" or \"yarn\"");
                throw new TroupeException("not reached: the type was refused");
            }
        };
    }

    private static RopeScaling yarn(JsonFields scaling, double factor, int contextLength) {
        double scale = scaling.number("mscale", 0);
        double scaleAll = scaling.number("mscale_all_dim", 0);
        scaling.require(scale == scaleAll, "mscale", "the value of mscale_all_dim (" + scaleAll + ")");
        double attention = scale > 0 ? 1 : RopeScaling.Yarn.defaultAttentionFactor(factor); // their quotient is 1
        return new RopeScaling.Yarn(
                factor,
                scaling.positive("original_max_position_embeddings", contextLength),
                scaling.number("beta_fast", BETA_FAST),
                scaling.number("beta_slow", BETA_SLOW),
                scaling.number("attention_factor", attention));
    }

    /** The base of the rotary frequencies. */
    static double theta(JsonFields fields) {
        double newer = fields.nested(NEWER_KEY).number("rope_theta", 10_000);
        return fields.number("rope_theta", newer);
    }

    /** Writes {@link #read}'s object. */
    static void write(ObjectNode root, @Nullable RopeScaling scaling) {
        switch (scaling) {
            case null -> root.putNull(KEY);
            case RopeScaling.Linear(double factor) -> typed(root, "linear", factor);
            case RopeScaling.Llama3 llama ->
                typed(root, "llama3", llama.factor())
                        .put("low_freq_factor", llama.lowFrequencyFactor())
                        .put("high_freq_factor", llama.highFrequencyFactor())
                        .put("original_max_position_embeddings", llama.originalContext());
            case RopeScaling.Yarn yarn ->
                typed(root, "yarn", yarn.factor())
                        .put("original_max_position_embeddings", yarn.originalContext())
                        .put("beta_fast", yarn.betaFast())
                        .put("beta_slow", yarn.betaSlow())
                        .put("attention_factor", yarn.attentionFactor());
            case RopeScaling.Divisors given ->
                throw new TroupeException("config.json has no words for rotary frequencies with "
                        + given.divisors().size() + " divisors of their own: keep this model in GGUF");
        }
    }

    private static ObjectNode typed(ObjectNode root, String type, double factor) {
        return root.putObject(KEY).put("rope_type", type).put("factor", factor);
    }
}
