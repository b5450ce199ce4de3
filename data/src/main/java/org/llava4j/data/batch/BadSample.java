package org.llava4j.data.batch;

/**
 * A sample that a run passed over.
 *
 * @param where its file and line
 * @param reason what is wrong with it
 */
public record BadSample(String where, String reason) {}
