/** LLaVA-Bench (section 5.1): questions answered, and a text-only judge's reviews of the answers. */
package org.llava4j.eval.llavabench;
