/**
 * ScienceQA (Lu et al. 2022) as LLaVA uses it (section 5.2): prompts and reference answers, parsing of predicted
 * answers, and the nine columns of the accuracy tables. Validation during training and evaluation share these
 * functions, so both use the same prompts.
 */
package org.llava4j.data.scienceqa;
