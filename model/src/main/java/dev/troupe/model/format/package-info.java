/**
 * Models on disk: Hugging Face's layout (config.json, model.safetensors, tokenizer.json) read and written, and
 * checkpoints that are such a directory plus the optimizer's state, published atomically.
 */
@NullMarked
package dev.troupe.model.format;

import org.jspecify.annotations.NullMarked;
