package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.parallel.ColumnExchange;
import dev.troupe.model.parallel.PartLinks;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/**
 * What a step's rows are on their way through a part of a model. C is the residual stream's width, F the MLP's.
 *
 * @param hidden [rows, C], the residual stream
 * @param normed [rows, C]
 * @param fused [rows, (H + 2·KV)·D] of this part's heads
 * @param heads [rows, H·D]
 * @param raised [rows, F] or [rows, 2·F] of this part
 * @param inner [rows, F], in the memory of fused and heads, which are done with by then
 * @param mean [rows]
 * @param rstd [rows]
 * @param logits [rows, V] where results are; else of this part, or none
 */
record StepRows(
        Tensor hidden,
        Tensor normed,
        Tensor fused,
        Tensor heads,
        Tensor raised,
        Tensor inner,
        Tensor mean,
        Tensor rstd,
        @Nullable Tensor logits) {

    static StepRows allocate(ModelPart part, int maxRows, TensorArena arena) {
        Widths widths = Widths.of(part);
        Tensor inTurn = arena.allocate(maxRows, widths.inTurn());
        ModelConfig config = part.config();
        return new StepRows(
                arena.allocate(maxRows, config.dim()),
                arena.allocate(maxRows, config.dim()),
                inTurn.view(0, maxRows, widths.fused()),
                inTurn.view((long) maxRows * widths.fused(), maxRows, widths.heads()),
                arena.allocate(maxRows, widths.raised()),
                inTurn.view(0, maxRows, config.ffnDim()),
                arena.allocate(maxRows),
                arena.allocate(maxRows),
                widths.logits() == 0 ? null : arena.allocate(maxRows, widths.logits()));
    }

    /** Room for what shards of the same layers exchange; none for a part that has all of each layer. */
    static @Nullable ColumnExchange exchange(PartLinks links, ModelPart part, int maxRows, TensorArena arena) {
        return part.shard().isWhole()
                ? null
                : new ColumnExchange(links.shards(), maxRows, Widths.of(part).exchanged(), arena);
    }

    /** Bytes of so many rows, exchanges included, of which some, at most all, have logits. */
    static long bytes(ModelPart part, int maxRows, int withLogits) {
        Widths widths = Widths.of(part);
        return (widths.beforeLogits() * maxRows + (long) widths.logits() * Math.min(maxRows, withLogits)) * Float.BYTES;
    }

    /** Numbers of one row, in each memory. */
    private record Widths(int dim, int fused, int heads, int inTurn, int raised, int logits, int exchanged) {
        static Widths of(ModelPart part) {
            ModelConfig config = part.config();
            ModelConfig share = part.share();
            int fused = AttentionShape.of(share).fusedWidth();
            int heads = config.numHeads() * config.headDim();
            boolean whole = part.shard().isWhole();
            return new Widths(
                    config.dim(),
                    fused,
                    heads,
                    Math.max(fused + heads, config.ffnDim()),
                    share.ffnDim() * (config.mlp() == MlpKind.SWIGLU ? 2 : 1),
                    !part.range().hasHead() ? 0 : part.givesResults() ? config.vocabSize() : share.vocabSize(),
                    whole ? 0 : Math.max(Math.max(config.dim(), config.ffnDim()), heads));
        }

        long beforeLogits() {
            return 2L * dim + inTurn + raised + 2 + exchanged; // 2 for what norms keep
        }
    }
}
