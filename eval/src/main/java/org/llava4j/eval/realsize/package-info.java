/** A model of a published size, its numbers random, made on the spot to see that it fits the machine. */
package org.llava4j.eval.realsize;
