/** Main class of all commands that run on Apache Spark. */
package org.llava4j.eval.spark;
