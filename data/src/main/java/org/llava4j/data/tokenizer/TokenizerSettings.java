package org.llava4j.data.tokenizer;

/**
 * The switches of a LLaMA tokenizer.
 *
 * @param legacy whether text after a special token is encoded as if a space stood before it (the behaviour LLaVA was
 *     trained with, and the default)
 * @param addBos {@code add_bos_token}: whether a text begins with the begin token
 * @param addPrefixSpace {@code add_prefix_space}: whether a space is put before a text that is encoded without legacy, and
 *     dropped from the front of one that is decoded
 */
record TokenizerSettings(boolean legacy, boolean addBos, boolean addPrefixSpace) {}
