/** Programs of the tests that need a process of their own. */
package dev.troupe.model.process;
