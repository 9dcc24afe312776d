package dev.troupe.model.format;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.transformer.ParameterSpec;
import java.util.List;
import java.util.regex.Pattern;

/** How the names and shapes of the parameters in memory relate to those in Hugging Face's files. */
record WeightNames(ModelConfig config) {
    static final String HEAD = "lm_head.weight";

    /** Files of transformers' GPT2LMHeadModel have it, those of GPT2Model do not. */
    private static final String GPT2_PREFIX = "transformer.";

    /** Constants that old files hold among the parameters: attention masks and rotary frequencies. */
    private static final Pattern BUFFER = Pattern.compile(
            "h\\.\\d+\\.attn\\.(bias|masked_bias)|model\\.layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq");

    private boolean isGpt2() {
        return config.architecture().equals("gpt2");
    }

    /** The parameter's name for a name in a file. */
    String inMemory(String inFile) {
        return isGpt2() && inFile.startsWith(GPT2_PREFIX) ? inFile.substring(GPT2_PREFIX.length()) : inFile;
    }

    /** The name that is written. */
    String inFile(String inMemory) {
        return isGpt2() && !inMemory.equals(HEAD) ? GPT2_PREFIX + inMemory : inMemory;
    }

    /** GPT-2's linear layers are "Conv1D": [in, out] in the file, [out, in] in memory. */
    boolean isTransposed(ParameterSpec spec) {
        return isGpt2() && spec.name().startsWith("h.") && spec.shape().size() == 2;
    }

    /** The shape that the file must have. */
    List<Integer> shapeInFile(ParameterSpec spec) {
        return isTransposed(spec) ? spec.shape().reversed() : spec.shape();
    }

    boolean isBuffer(String inMemory) {
        return BUFFER.matcher(inMemory).matches();
    }

    /** Whether a bias that the model does not have may be in its file, holding zeros. */
    boolean isAbsentBias(String inMemory) {
        return !config.bias() && inMemory.endsWith(".bias");
    }

    /** The embedding that a tied head repeats. */
    String embedding() {
        return isGpt2() ? "wte.weight" : "model.embed_tokens.weight";
    }
}
