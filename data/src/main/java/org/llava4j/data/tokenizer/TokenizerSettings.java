package org.llava4j.data.tokenizer;

/**
 * Settings of a LLaMA tokenizer.
 *
 * @param legacy whether text after a special token is encoded as if a space preceded it (the default, and the behavior
 *     that LLaVA was trained with)
 * @param addBos {@code add_bos_token}: whether the BOS token precedes a text
 * @param addPrefixSpace {@code add_prefix_space}: whether non-legacy encoding inserts a space before a text, and
 *     decoding removes it
 */
record TokenizerSettings(boolean legacy, boolean addBos, boolean addPrefixSpace) {}
