/**
 * Data-parallel training on Apache Spark. Each executor holds the graph, computes the gradients of its batches of a
 * step, and returns their sum; data order, optimizer, checkpoints and output stay on the driver and use the code of
 * {@link org.llava4j.train.stage}.
 */
package org.llava4j.train.spark;
