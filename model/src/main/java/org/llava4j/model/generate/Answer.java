package org.llava4j.model.generate;

import org.llava4j.model.generate.Generation.FinishReason;

/**
 * A model's answer to a {@link GenerationRequest}.
 *
 * @param text the answer without leading and trailing whitespace and without the stop text
 * @param finishReason why generation ended
 * @param promptTokens length of the prompt in tokens, image tokens included
 * @param newTokens number of generated tokens
 */
public record Answer(String text, FinishReason finishReason, int promptTokens, int newTokens) {}
