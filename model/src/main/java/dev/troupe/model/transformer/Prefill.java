package dev.troupe.model.transformer;

import dev.troupe.model.ConfigNames;
import dev.troupe.model.kernel.int8.Int8Check;
import dev.troupe.model.kernel.int8.Int8Product;
import dev.troupe.model.kernel.int8.Int8RoundedProduct;
import dev.troupe.model.kernel.int8.VectorFourBitProduct;
import dev.troupe.model.kernel.int8.VectorInt8Product;
import dev.troupe.model.kernel.onednn.OneDnnInt8Product;
import dev.troupe.model.kernel.onednn.OneDnnPromptProduct;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.PromptProduct;
import dev.troupe.model.kernel.vector.ScratchPool;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How the rows of prompts are computed: {@code serving.prefill}. */
public enum Prefill {
    /** As generated tokens are, bit for bit. */
    EXACT,
    /** With operands rounded to bf16: faster, and still the same in any batch. */
    BF16,
    /**
     * With operands rounded to eight bits: activations with weights of four bits as they are, each 32 with a scale, and
     * with others rounded to one scale a row on both sides. Faster still, and the same in any batch, for a second copy
     * of the weights where answers are computed otherwise.
     */
    INT8;

    private static final Logger LOG = LoggerFactory.getLogger(Prefill.class);

    /** As configurations say it: "exact". */
    public String configName() {
        return ConfigNames.of(this);
    }

    /**
     * The way of this name.
     *
     * @throws dev.troupe.model.TroupeException when there is none; its message lists the names
     */
    public static Prefill named(String name) {
        return ConfigNames.find(Prefill.class, "prefill", name);
    }

    /** All names. */
    public static List<String> names() {
        return ConfigNames.all(Prefill.class);
    }

    /**
     * Products for the rows of prompts; null when they are those of all rows.
     *
     * @throws dev.troupe.model.TroupeException when it cannot be done here; the message says why
     */
    @Nullable PromptProduct products(ComputePool pool) {
        return switch (this) {
            case EXACT -> null;
            case BF16 -> OneDnnPromptProduct.create(pool);
            case INT8 -> int8(pool).prompts();
        };
    }

    /** Products in int8 for any rows. */
    static Int8RoundedProduct int8(ComputePool pool) {
        return new Int8RoundedProduct(eightBits(pool), new VectorFourBitProduct(pool, new ScratchPool()), pool);
    }

    /** The same bits either way. */
    private static Int8Product eightBits(ComputePool pool) {
        Optional<String> reason = OneDnnInt8Product.unavailable();
        if (reason.isEmpty()) {
            OneDnnInt8Product product = new OneDnnInt8Product(pool, new ScratchPool());
            if (Int8Check.passes(product, pool)) {
                return product;
            }
            product.close();
            reason = Optional.of("its sums are not the reference's on this processor");
        }
        LOG.warn("products in int8 are no faster than exact ones here, without oneDNN: {}", reason.get());
        return new VectorInt8Product(pool, new ScratchPool());
    }
}
