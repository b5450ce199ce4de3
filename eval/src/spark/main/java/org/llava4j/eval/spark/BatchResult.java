package org.llava4j.eval.spark;

import java.io.Serializable;
import java.util.LinkedHashMap;

/**
 * What a company was answered.
 *
 * @param answersById texts by the questions' ids
 * @param inputError what is wrong with the input, instead of answers; null if nothing is
 */
record BatchResult(LinkedHashMap<String, String> answersById, String inputError) implements Serializable {}
