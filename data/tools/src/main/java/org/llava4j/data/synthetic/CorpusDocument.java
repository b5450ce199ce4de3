package org.llava4j.data.synthetic;

/**
 * Training text of the decoder: {@code answer} is the target, {@code context} the prompt.
 *
 * @param context prompt
 * @param answer target text
 * @param chat whether the two are the turns of a conversation; otherwise they are consecutive plain text
 */
public record CorpusDocument(String context, String answer, boolean chat) {}
