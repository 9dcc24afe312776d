package dev.troupe.model.data;

/**
 * One text of a corpus.
 *
 * @param id names the document for ever: lineage and the held-out split hang on it
 * @param text the whole text, without an end marker
 */
public record Document(String id, String text) {}
