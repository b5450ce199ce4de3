package org.llava4j.data.world;

/**
 * One text for the decoder: it sees {@code given} and learns {@code answer}.
 *
 * @param chat whether the two are the turns of a conversation; otherwise they are plain text, one after the other
 */
public record Document(String given, String answer, boolean chat) {}
