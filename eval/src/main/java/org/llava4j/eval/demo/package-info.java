/** The README's first command: LLaVA's two stages on a drawn world in minutes, from drawing to report. */
package org.llava4j.eval.demo;
