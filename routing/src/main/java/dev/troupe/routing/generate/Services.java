package dev.troupe.routing.generate;

/**
 * What the fronts offer.
 *
 * @param open streams that clients still read
 */
public record Services(
        Models models, Generator generator, Embedder embedder, Tokenization tokenization, OpenAnswers open) {}
