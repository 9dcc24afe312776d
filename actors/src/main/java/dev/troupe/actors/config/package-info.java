/** What every part of the system asks of a configuration before it reads its own section. */
package dev.troupe.actors.config;
