/** What training data is worth before it is trained on: each sample read as training reads it. */
package org.llava4j.train.lint;
