/** Runs device kernels as threads of this JVM, to test their arithmetic where there is no device. */
@NullMarked
package dev.troupe.gpu.emulator;

import org.jspecify.annotations.NullMarked;
