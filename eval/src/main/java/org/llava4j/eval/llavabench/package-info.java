/** LLaVA-Bench (section 5.1 of the paper): answer generation, and scoring by a text-only LLM judge. */
package org.llava4j.eval.llavabench;
