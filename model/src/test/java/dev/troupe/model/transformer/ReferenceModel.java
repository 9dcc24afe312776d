package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import java.util.Arrays;
import java.util.List;

/**
 * The whole model in float64, one token after the other, written from the papers' formulas and independent of kernels
 * and layers: what central differences are taken of.
 */
final class ReferenceModel {
    private final ModelConfig config;
    private final ParameterLayout layout;
    private final ParameterNames names;
    private final double[] weights;

    ReferenceModel(ModelConfig config, double[] weights) {
        this.config = config;
        this.layout = ParameterLayout.of(config);
        this.names = ParameterNames.of(config);
        this.weights = weights;
    }

    /** Mean cross-entropy over targets that are not -1. */
    double loss(int[] inputs, int[] targets, int time) {
        double sum = 0;
        int counted = 0;
        for (int start = 0; start < inputs.length; start += time) {
            double[][] logits = logits(Arrays.copyOfRange(inputs, start, start + time));
            for (int t = 0; t < time; t++) {
                int target = targets[start + t];
                if (target >= 0) {
                    double total = 0;
                    for (double logit : logits[t]) {
                        total += Math.exp(logit);
                    }
                    sum += Math.log(total) - logits[t][target];
                    counted++;
                }
            }
        }
        return sum / counted;
    }

    /** [T, V]. */
    double[][] logits(int[] tokens) {
        int time = tokens.length;
        double[][] x = new double[time][];
        for (int t = 0; t < time; t++) {
            x[t] = row(names.embedding() + ".weight", tokens[t]);
            if (config.positions() == PositionKind.LEARNED) {
                x[t] = plus(x[t], row(names.positions() + ".weight", t));
            }
        }
        for (int layer = 0; layer < config.numLayers(); layer++) {
            ParameterNames.Block block = names.blocks().layer(layer);
            attention(block, x);
            for (int t = 0; t < time; t++) {
                double[] up = linear(block.up(), norm(block.mlpNorm(), x[t]));
                x[t] = plus(x[t], linear(List.of(block.down()), activate(up)));
            }
        }
        double[][] logits = new double[time][];
        String head = config.tiedEmbeddings() ? names.embedding() : names.head();
        for (int t = 0; t < time; t++) {
            logits[t] = product(head + ".weight", norm(names.finalNorm(), x[t]));
        }
        return logits;
    }

    private void attention(ParameterNames.Block block, double[][] x) {
        int time = x.length;
        int d = config.headDim();
        int group = config.numHeads() / config.numKvHeads();
        double[][] qkv = new double[time][];
        for (int t = 0; t < time; t++) {
            qkv[t] = linear(block.qkv(), norm(block.attentionNorm(), x[t]));
            if (config.positions() == PositionKind.ROTARY) {
                for (int head = 0; head < config.numHeads() + config.numKvHeads(); head++) {
                    rotate(qkv[t], head * d, t);
                }
            }
        }
        for (int t = 0; t < time; t++) {
            double[] out = new double[config.numHeads() * d];
            for (int head = 0; head < config.numHeads(); head++) {
                int key = (config.numHeads() + head / group) * d;
                int value = key + config.numKvHeads() * d;
                double[] weight = new double[t + 1];
                double total = 0;
                int first = config.slidingWindow() == 0 ? 0 : Math.max(0, t - config.slidingWindow() + 1);
                for (int s = first; s <= t; s++) {
                    double score = 0;
                    for (int i = 0; i < d; i++) {
                        score += qkv[t][head * d + i] * qkv[s][key + i];
                    }
                    weight[s] = Math.exp(score / Math.sqrt(d));
                    total += weight[s];
                }
                for (int s = first; s <= t; s++) {
                    for (int i = 0; i < d; i++) {
                        out[head * d + i] += weight[s] / total * qkv[s][value + i];
                    }
                }
            }
            x[t] = plus(x[t], linear(List.of(block.attentionOut()), out));
        }
    }

    private void rotate(double[] row, int start, int position) {
        int half = config.headDim() / 2;
        for (int i = 0; i < half; i++) {
            double cos = ReferenceRotation.cos(config, position, i);
            double sin = ReferenceRotation.sin(config, position, i);
            double a = row[start + i];
            double b = row[start + half + i];
            row[start + i] = a * cos - b * sin;
            row[start + half + i] = b * cos + a * sin;
        }
    }

    private double[] activate(double[] up) {
        double[] inner = new double[config.ffnDim()];
        for (int i = 0; i < inner.length; i++) {
            double x = up[i];
            inner[i] = config.mlp() == MlpKind.SWIGLU
                    ? x / (1 + Math.exp(-x)) * up[config.ffnDim() + i]
                    : 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
        }
        return inner;
    }

    private double[] norm(String name, double[] x) {
        double mean = 0;
        if (config.norm() == NormKind.LAYER) {
            for (double value : x) {
                mean += value / x.length;
            }
        }
        double squares = 0;
        for (double value : x) {
            squares += (value - mean) * (value - mean) / x.length;
        }
        double[] weight = vector(name + ".weight");
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = (x[i] - mean) / Math.sqrt(squares + config.normEpsilon()) * weight[i];
        }
        return layout.contains(name + ".bias") ? plus(y, vector(name + ".bias")) : y;
    }

    private double[] linear(List<String> parts, double[] x) {
        double[] joined = new double[0];
        for (String part : parts) {
            double[] y = product(part + ".weight", x);
            if (layout.contains(part + ".bias")) {
                y = plus(y, vector(part + ".bias"));
            }
            int before = joined.length;
            joined = Arrays.copyOf(joined, before + y.length);
            System.arraycopy(y, 0, joined, before, y.length);
        }
        return joined;
    }

    private double[] product(String name, double[] x) {
        ParameterSpec spec = layout.spec(name);
        double[] y = new double[spec.shape().getFirst()];
        for (int o = 0; o < y.length; o++) {
            double[] row = row(spec, o);
            for (int i = 0; i < x.length; i++) {
                y[o] += row[i] * x[i];
            }
        }
        return y;
    }

    private double[] row(String name, int row) {
        return row(layout.spec(name), row);
    }

    private double[] row(ParameterSpec spec, int row) {
        int width = spec.shape().get(1);
        int from = (int) spec.offset() + row * width;
        return Arrays.copyOfRange(weights, from, from + width);
    }

    private double[] vector(String name) {
        ParameterSpec spec = layout.spec(name);
        return Arrays.copyOfRange(weights, (int) spec.offset(), (int) spec.end());
    }

    private static double[] plus(double[] a, double[] b) {
        double[] sum = a.clone();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += b[i];
        }
        return sum;
    }
}
