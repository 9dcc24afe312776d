/** What {@code bin/troupe-archive} does to jars before the JVM keeps their classes. */
@NullMarked
package dev.troupe.deploy.archive;

import org.jspecify.annotations.NullMarked;
