package dev.troupe.model.plan;

import dev.troupe.model.TroupeException;

/**
 * A GPT-3-like shape of a number of parameters: about 128 times as wide as deep, heads of 128 (64 in small models),
 * layers in multiples of 8 and, in large models, heads too, so that there are meshes to choose from. Its 175e9 is
 * GPT-3's 96 layers of 12,288 (arXiv:2005.14165, table 2.1).
 */
final class ShapeOfParameters {
    /** Width over depth of GPT-3's 175 billion parameters. */
    private static final int ASPECT = 128;

    private static final double LEAST = 1e6;
    private static final double MOST = 1e15;

    private ShapeOfParameters() {}

    static ModelShape find(double parameters, int vocab, int sequence) {
        PlanArguments.positive("params", parameters);
        if (parameters < LEAST || parameters > MOST) {
            throw new TroupeException("params is " + parameters
                    + ": a shape is derived for 1e6 to 1e15; give --layers, --hidden and --heads instead");
        }
        int layers = layers(parameters);
        int step = headSize(layers) * headsStep(layers);
        ModelShape best = gpt(layers, step, vocab, sequence);
        for (int hidden = 2 * step; best.parameters() < parameters; hidden += step) {
            ModelShape wider = gpt(layers, hidden, vocab, sequence);
            if (Math.abs(wider.parameters() - parameters) > Math.abs(best.parameters() - parameters)) {
                break;
            }
            best = wider;
        }
        return best;
    }

    /** From P = 12 L h² with h = 128 L. */
    private static int layers(double parameters) {
        double depth = Math.cbrt(parameters / (12.0 * ASPECT * ASPECT));
        int multiple = depth < 16 ? 4 : 8;
        return Math.max(multiple, (int) Math.round(depth / multiple) * multiple);
    }

    private static int headSize(int layers) {
        return layers < 16 ? 64 : 128;
    }

    private static int headsStep(int layers) {
        if (layers < 24) {
            return 1;
        }
        if (layers < 40) {
            return 2;
        }
        return layers < 80 ? 4 : 8;
    }

    private static ModelShape gpt(int layers, int hidden, int vocab, int sequence) {
        return ModelShape.gpt(layers, hidden, hidden / headSize(layers), vocab, sequence);
    }
}
