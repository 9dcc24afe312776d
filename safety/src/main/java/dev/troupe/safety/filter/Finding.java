package dev.troupe.safety.filter;

/**
 * What a rule found.
 *
 * @param start of the span, in UTF-16 units from the start of the text
 * @param end of the span, exclusive
 * @param score from 0 to 1; 1 for a rule that matched
 */
public record Finding(String ruleId, String category, int start, int end, double score) {}
