/** Two evaluations of the same problems beside each other. */
package org.llava4j.eval.compare;
