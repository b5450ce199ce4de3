package org.llava4j.cli;

import org.apache.commons.cli.CommandLine;

/**
 * A run of a command over its records.
 *
 * @param line flags of the command, from which other processes can open the same records
 * @param <R> result of one record
 */
public record RecordRun<R>(RecordCommand<R> command, CommandLine line, RecordProcessor<R> records) {}
