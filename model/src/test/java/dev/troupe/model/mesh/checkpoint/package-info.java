@NullMarked
package dev.troupe.model.mesh.checkpoint;

import org.jspecify.annotations.NullMarked;
