package dev.troupe.model.data;

/**
 * The tokens of a corpus, wherever they are: in files ({@link TokenShards}), or with another node of a cluster. The
 * same corpus has the same tokens everywhere. Thread-safe.
 */
public interface CorpusTokens extends TokenStream {
    /** Where they are, for people. */
    String name();

    int vocabSize();

    /** SHA-256 of the tokenizer, in 64 hexadecimal digits (see {@link TokenizerFingerprint}). */
    String tokenizerSha256();

    /** By which two corpora are known to be the same, in 64 hexadecimal digits: sizes, tokenizer and checksums. */
    String sha256();

    /** Whether reading may wait for another node, so that it pays to read ahead of the computation. */
    default boolean isFar() {
        return false;
    }
}
