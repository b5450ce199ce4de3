/** Ensembles of LLaVA with a text-only model on ScienceQA (section 5.2 of the paper). */
package org.llava4j.eval.ensemble;
