package org.llava4j.data.synthetic;

/**
 * One text for the decoder: it sees {@code context} and learns {@code answer}.
 *
 * @param chat whether the two are the turns of a conversation; otherwise they are plain text, one after the other
 */
public record CorpusDocument(String context, String answer, boolean chat) {}
