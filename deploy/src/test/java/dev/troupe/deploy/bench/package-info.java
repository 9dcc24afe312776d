@NullMarked
package dev.troupe.deploy.bench;

import org.jspecify.annotations.NullMarked;
