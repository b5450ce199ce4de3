/** Paired comparison of two evaluations on the same problems. */
package org.llava4j.eval.compare;
