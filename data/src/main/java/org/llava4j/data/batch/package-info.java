/**
 * Samples to batches, as the graph's placeholders want them. B rows of T positions hold text and image vectors; N
 * images have P vectors each; M positions are learned.
 */
package org.llava4j.data.batch;
