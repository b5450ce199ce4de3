package org.llava4j.eval.spark;

import java.io.Serializable;
import java.util.LinkedHashMap;

/**
 * What a company was answered.
 *
 * @param byQuestion texts by the questions' ids
 * @param problem what is wrong with the input, instead of answers; null if nothing is
 */
record Answers(LinkedHashMap<String, String> byQuestion, String problem) implements Serializable {}
