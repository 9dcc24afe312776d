/** One class per command; each parses, checks and hands over. */
@NullMarked
package dev.troupe.deploy.cli;

import org.jspecify.annotations.NullMarked;
