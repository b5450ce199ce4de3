/**
 * Training spread over Apache Spark's executors: each has the graph, computes the gradients of its part of a step's batches,
 * and sends their sum. All else of a run (its data's order, the optimiser, checkpoints, output) is the driver's, and is the
 * code of {@link org.llava4j.train.stage}.
 */
package org.llava4j.train.spark;
