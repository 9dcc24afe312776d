/**
 * What a person looks at after a run: the loss curve as SVG and a page of HTML, each one file that needs nothing else.
 * Reads records of eval; writes text.
 */
@NullMarked
package dev.troupe.model.report;

import org.jspecify.annotations.NullMarked;
