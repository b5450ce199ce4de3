/** LLaVA-Bench (section 5.1): questions about pictures, and what a judge without eyes is told of these. */
package org.llava4j.data.llavabench;
