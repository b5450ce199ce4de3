/** How stage 1's data is made of captions (section 4.2): chosen by their concepts, expanded to questions and answers. */
package org.llava4j.data.pretraining;
