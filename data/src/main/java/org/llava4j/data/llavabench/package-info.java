/** LLaVA-Bench (section 5.1): questions about images, and the textual image contexts for the text-only judge. */
package org.llava4j.data.llavabench;
