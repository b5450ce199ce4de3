/**
 * Apache Spark execution of the commands over records: the processing is that of the commands, distributed over
 * executors.
 */
package org.llava4j.data.spark;
