/** The process: entry point, command line, node and distribution. */
@NullMarked
package dev.troupe.deploy;

import org.jspecify.annotations.NullMarked;
