/** ScienceQA from end to end: problems asked of a model, its answers graded, a report and predictions written. */
package org.llava4j.eval.scienceqa;
