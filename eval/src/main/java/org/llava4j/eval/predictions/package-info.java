/**
 * Answers on disk in LLaVA's own formats, so that its scripts read ours and ours read its: a line of JSON for each
 * answer ({@code model_vqa_science}), and the result of grading them ({@code eval_science_qa}).
 */
package org.llava4j.eval.predictions;
