/**
 * Evaluation and inference: model loading, decoding flags, and the commands that generate and grade answers, locally or on
 * a Spark cluster. The subpackages hold the evaluations, the reports, chat and server.
 */
package org.llava4j.eval;
