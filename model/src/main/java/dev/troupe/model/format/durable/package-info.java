/**
 * Files and directories that appear whole or not at all, whatever happens to the process, the disk or the power.
 * Everything goes through {@link dev.troupe.model.format.durable.DurableFiles}, where tests inject faults.
 */
@NullMarked
package dev.troupe.model.format.durable;

import org.jspecify.annotations.NullMarked;
