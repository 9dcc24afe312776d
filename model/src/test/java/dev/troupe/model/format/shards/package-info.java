@NullMarked
package dev.troupe.model.format.shards;

import org.jspecify.annotations.NullMarked;
