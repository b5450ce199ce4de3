/**
 * Command-line framework: commands with flags and one-line errors, child JVMs, reports of exhausted memory, progress
 * output, graceful shutdown, and commands that process independent records locally or on a cluster.
 */
package org.llava4j.cli;
