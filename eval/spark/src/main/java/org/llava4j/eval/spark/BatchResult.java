package org.llava4j.eval.spark;

import java.io.Serializable;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Result of a batch task.
 *
 * @param answersById generated texts by question id; empty for an invalid input
 * @param inputError message of an invalid input; null if there is none
 */
record BatchResult(
        LinkedHashMap<String, String> answersById, @Nullable String inputError) implements Serializable {}
