package dev.troupe.model.eval;

/**
 * How well a model predicts a text.
 *
 * @param tokens predicted
 * @param bytes of text that these tokens stand for, UTF-8; end-of-text tokens have none
 * @param nllPerToken mean negative log-likelihood, nats
 * @param perplexity exp(nllPerToken); compares only models of one tokenizer
 * @param bitsPerByte total negative log-likelihood in bits over bytes; compares models of any tokenizer
 */
public record Evaluation(long tokens, long bytes, double nllPerToken, double perplexity, double bitsPerByte) {

    /** The measures of a total negative log-likelihood in nats. */
    public static Evaluation of(long tokens, long bytes, double totalNll) {
        if (tokens < 1 || bytes < 1) {
            throw new IllegalArgumentException("nothing to evaluate: " + tokens + " tokens, " + bytes + " bytes");
        }
        double perToken = totalNll / tokens;
        return new Evaluation(tokens, bytes, perToken, Math.exp(perToken), totalNll / Math.log(2) / bytes);
    }
}
