/** What a person sees while training runs. */
@NullMarked
package dev.troupe.deploy.progress;

import org.jspecify.annotations.NullMarked;
