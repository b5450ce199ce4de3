/**
 * Captions and bounding boxes of images: the data of the paper's stage 1 (section 4.2) and the symbolic representations
 * from which instructions are generated (section 3).
 */
package org.llava4j.data.captions;
