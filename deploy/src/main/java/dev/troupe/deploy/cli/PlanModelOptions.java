package dev.troupe.deploy.cli;

import dev.troupe.model.TroupeException;
import dev.troupe.model.plan.ComputeOptimal;
import dev.troupe.model.plan.ModelShape;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What model is planned for: a number of parameters, a number of operations, or a shape. */
final class PlanModelOptions {
    @Option(
            names = "--params",
            paramLabel = "N",
            description = "parameters, such as 175e9; a GPT-3-like shape is derived")
    private @Nullable Double params;

    @Option(
            names = "--flops",
            paramLabel = "C",
            description = "operations to spend: says what they are best spent on, and plans for that model by default")
    private @Nullable Double flops;

    @Option(names = "--layers", paramLabel = "N", description = "a shape instead: layers")
    private @Nullable Integer layers;

    @Option(names = "--hidden", paramLabel = "N", description = "width")
    private @Nullable Integer hidden;

    @Option(names = "--heads", paramLabel = "N", description = "heads of queries")
    private @Nullable Integer heads;

    @Option(names = "--kv-heads", paramLabel = "N", description = "heads of keys and values (default: --heads)")
    private @Nullable Integer kvHeads;

    @Option(names = "--ffn", paramLabel = "N", description = "inner width of the MLP (default: 4 times --hidden)")
    private @Nullable Integer ffn;

    @Option(names = "--gated", description = "a Llama-like layer: three MLP matrices, no biases, no dropout, rotary")
    private boolean gated;

    @Option(
            names = "--vocab",
            paramLabel = "N",
            defaultValue = "51200",
            description = "vocabulary (default: ${DEFAULT-VALUE})")
    private int vocab;

    @Option(
            names = "--sequence",
            paramLabel = "N",
            defaultValue = "2048",
            description = "tokens of a sequence (default: ${DEFAULT-VALUE})")
    private int sequence;

    @Nullable Double flops() {
        return flops;
    }

    ModelShape shape() {
        if (layers != null || hidden != null || heads != null) {
            if (params != null) {
                throw new TroupeException("--params and --layers, --hidden, --heads say the same: give one of them");
            }
            return given(required("--layers", layers), required("--hidden", hidden), required("--heads", heads));
        }
        if (kvHeads != null || ffn != null || gated) {
            throw new TroupeException("--kv-heads, --ffn and --gated need --layers, --hidden and --heads");
        }
        if (params != null) {
            return ModelShape.ofParameters(params, vocab, sequence);
        }
        if (flops != null) {
            return ModelShape.ofParameters(ComputeOptimal.ofFlops(flops).parameters(), vocab, sequence);
        }
        throw new TroupeException(
                "say for what model: --params 175e9, or --layers, --hidden and --heads, or --flops 3e23");
    }

    private ModelShape given(int numLayers, int width, int numHeads) {
        return new ModelShape(
                gated ? ModelShape.Family.LLAMA : ModelShape.Family.GPT,
                numLayers,
                width,
                numHeads,
                kvHeads == null ? numHeads : kvHeads,
                ffn == null ? 4 * width : ffn,
                vocab,
                sequence);
    }

    private static int required(String name, @Nullable Integer value) {
        if (value == null) {
            throw new TroupeException(name + " is missing: a shape needs --layers, --hidden and --heads");
        }
        return value;
    }
}
