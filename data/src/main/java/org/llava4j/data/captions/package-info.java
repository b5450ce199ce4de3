/** Captions, and what is made of them: the paper's stage 1 (section 4.2) and the contexts of its teacher (section 3). */
package org.llava4j.data.captions;
