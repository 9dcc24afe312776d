package dev.troupe.model.format;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.Parameters;

/**
 * A model read from a directory.
 *
 * @param weights owned by the arena that the model was loaded into
 * @param version the first digits of the SHA-256 of model.safetensors: the same weights have the same version
 */
public record LoadedModel(ModelConfig config, Parameters weights, Tokenizer tokenizer, String version) {}
