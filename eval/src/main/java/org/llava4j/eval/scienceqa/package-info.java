/** ScienceQA evaluation: answer generation, grading, predictions and report. */
package org.llava4j.eval.scienceqa;
