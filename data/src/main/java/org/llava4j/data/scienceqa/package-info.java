/**
 * ScienceQA (Lu et al. 2022) as LLaVA uses it (section 5.2): what is asked and what is the right answer, how an
 * answer is read out of a text, and what the nine columns of the tables count. Pure functions: training validates with
 * them, evaluation reports with them, so both see the same prompts.
 */
package org.llava4j.data.scienceqa;
