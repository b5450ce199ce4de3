/**
 * Evaluation on Apache Spark: each executor loads the model once and generates answers batch by batch. The driver runs
 * the command's own code for journal, grading and report.
 */
package org.llava4j.eval.spark;
