package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.layer.Affine;
import dev.troupe.model.layer.BlockParts;
import dev.troupe.model.layer.TokenEmbedding;
import dev.troupe.model.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the tensors of each layer in flat parameters, by name. */
final class PartBinding {
    private final ModelConfig config;
    private final ParameterNames names;
    private final Parameters parameters;

    PartBinding(ModelConfig config, Parameters parameters) {
        this.config = config;
        this.names = ParameterNames.of(config);
        this.parameters = parameters;
    }

    TokenEmbedding.Tables embedding() {
        return new TokenEmbedding.Tables(weight(names.embedding()), positions());
    }

    private @Nullable Tensor positions() {
        return config.positions() == PositionKind.LEARNED ? weight(names.positions()) : null;
    }

    BlockParts block(int layer) {
        ParameterNames.Block block = names.blocks().layer(layer);
        return new BlockParts(
                norm(block.attentionNorm()),
                linear(block.qkv(), config.qkvBias()),
                linear(List.of(block.attentionOut()), config.attentionOutBias()),
                norm(block.mlpNorm()),
                linear(block.up(), config.bias()),
                linear(List.of(block.down()), config.bias()));
    }

    Affine finalNorm() {
        return norm(names.finalNorm());
    }

    /** The output matrix [V, C]. */
    Tensor head() {
        return weight(config.tiedEmbeddings() ? names.embedding() : names.head());
    }

    private Tensor weight(String name) {
        return parameters.get(name + ".weight");
    }

    private Affine norm(String name) {
        boolean hasBias = config.bias() && config.norm() == NormKind.LAYER;
        return new Affine(weight(name), hasBias ? parameters.get(name + ".bias") : null);
    }

    private Affine linear(List<String> parts, boolean hasBias) {
        return new Affine(joined(parts, ".weight"), hasBias ? joined(parts, ".bias") : null);
    }

    private Tensor joined(List<String> parts, String suffix) {
        return parameters.joined(parts.stream().map(part -> part + suffix).toList());
    }
}
