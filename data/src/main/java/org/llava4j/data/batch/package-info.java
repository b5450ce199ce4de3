/**
 * Data loading: datasets of conversations, length-grouped batching and the multimodal collator. B is the batch size, T
 * the sequence length of a batch, N its number of images, P the number of image tokens of one image, S the image size
 * in pixels and M the number of target tokens.
 */
package org.llava4j.data.batch;
