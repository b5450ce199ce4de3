/**
 * Probe for the bag-of-patches weakness that the paper's section on limitations describes: a model claims that two
 * attributes occur together when each occurs apart.
 */
package org.llava4j.eval.probe;
