/** Parity checks of ported weights: the tensors that a model computes, compared with those of the reference implementation. */
package org.llava4j.eval.parity;
