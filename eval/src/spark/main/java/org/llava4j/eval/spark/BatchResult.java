package org.llava4j.eval.spark;

import java.io.Serializable;
import java.util.LinkedHashMap;

/**
 * Result of a batch task.
 *
 * @param answersById generated texts by question id
 * @param inputError message of an invalid input in place of answers, else null
 */
record BatchResult(LinkedHashMap<String, String> answersById, String inputError) implements Serializable {}
