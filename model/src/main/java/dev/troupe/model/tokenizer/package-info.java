/** Tokenizers: byte-level BPE (training, encoding, tokenizer.json) and characters. */
@NullMarked
package dev.troupe.model.tokenizer;

import org.jspecify.annotations.NullMarked;
