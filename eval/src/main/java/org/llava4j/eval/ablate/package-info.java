/** The paper's ablations: one recipe, varied in one thing at a time, in one table. */
package org.llava4j.eval.ablate;
