package org.llava4j.model.chat;

import java.util.List;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.generate.TokenLogprobs;

/**
 * A model's answer to a {@link GenerationRequest}.
 *
 * @param text the answer without leading and trailing whitespace and without the stop text; after an answer prefix only
 *     its continuation, leading whitespace included
 * @param finishReason why generation ended
 * @param promptTokens length of the prompt in tokens, image tokens included
 * @param cachedTokens number of the prompt's tokens that were not computed again, because an earlier prompt or answer had
 *     them at its beginning
 * @param newTokens number of generated tokens
 * @param logprobs log-probabilities of the generated tokens, those of the stop text included; empty if none were asked
 *     for ({@link DecodingOptions#topLogprobs})
 */
public record Answer(
        String text,
        FinishReason finishReason,
        int promptTokens,
        int cachedTokens,
        int newTokens,
        List<TokenLogprobs> logprobs) {}
