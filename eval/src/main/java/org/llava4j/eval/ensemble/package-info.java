/** ScienceQA answered together with a text-only model (section 5.2). */
package org.llava4j.eval.ensemble;
