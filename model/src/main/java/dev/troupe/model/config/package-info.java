/** What a model looks like: read by the layers, the file formats and the planner. */
@NullMarked
package dev.troupe.model.config;

import org.jspecify.annotations.NullMarked;
