package dev.troupe.model.data;

/**
 * A document in the token stream of {@link TokenShards}.
 *
 * @param index number of the document, from 0
 * @param id the id of the {@link Document}
 * @param firstToken where it begins in the stream
 * @param endToken where it ends, exclusive; its end-of-text token, when the tokenizer has one, is its last
 * @param textBytes UTF-8 bytes of its text
 */
public record DocumentSpan(long index, String id, long firstToken, long endToken, long textBytes) {
    /** Tokens, the end-of-text token included. */
    public long tokens() {
        return endToken - firstToken;
    }
}
