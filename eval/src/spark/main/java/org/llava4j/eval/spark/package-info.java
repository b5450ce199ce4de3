/**
 * Questions spread over Apache Spark's executors: each has the model, loaded once, and is given companies of questions. The
 * journal of what was answered, grading and reports are the driver's, and are the goals' own code.
 */
package org.llava4j.eval.spark;
