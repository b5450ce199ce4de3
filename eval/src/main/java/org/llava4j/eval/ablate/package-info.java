/** Ablation studies (section 5.2 and table 8 of the paper): variants of one training recipe, compared in one table. */
package org.llava4j.eval.ablate;
