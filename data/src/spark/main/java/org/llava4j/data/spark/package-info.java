/** The same work on Apache Spark: the rules are those of the goals, what is spread is where they run. */
package org.llava4j.data.spark;
