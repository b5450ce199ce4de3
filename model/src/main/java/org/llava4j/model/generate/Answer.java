package org.llava4j.model.generate;

import org.llava4j.model.generate.Generation.FinishReason;

/**
 * What a model said.
 *
 * @param text without spaces around it, and without what stopped it
 * @param finishReason why it ends
 * @param promptTokens positions that the question took, its images' vectors among them
 * @param newTokens how many were generated
 */
public record Answer(String text, FinishReason finishReason, int promptTokens, int newTokens) {}
