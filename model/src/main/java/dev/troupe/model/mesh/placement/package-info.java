/**
 * Which node gets which rank of a mesh, so that a step takes the least time on links that are not equally fast. Pure:
 * reads names, numbers and volumes by the planner's formulae ({@code model/plan}), gives back seats.
 */
@NullMarked
package dev.troupe.model.mesh.placement;

import org.jspecify.annotations.NullMarked;
