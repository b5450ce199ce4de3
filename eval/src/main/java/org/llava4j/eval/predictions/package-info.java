/**
 * Answer and result files in LLaVA's formats: one JSON line per answer (as {@code model_vqa_science} writes it), and
 * the result file of grading (as {@code eval_science_qa} writes it). LLaVA's scripts can read them, and this library
 * reads LLaVA's.
 */
package org.llava4j.eval.predictions;
