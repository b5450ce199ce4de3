/**
 * Preparation of the data of stage 1 (section 4.2): filtering of captions by noun-phrase frequency, and expansion of
 * captions to questions and answers.
 */
package org.llava4j.data.pretraining;
