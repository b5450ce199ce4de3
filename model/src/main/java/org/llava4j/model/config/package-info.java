/**
 * Model configurations read from {@code config.json} and {@code generation_config.json}, in the original LLaVA layout
 * ({@link org.llava4j.model.config.LlavaConfig}) and in that of transformers
 * ({@link org.llava4j.model.config.LlavaHfConfig}). Reading is strict: values that would change the result and are not
 * supported are rejected, and unknown keys are reported.
 *
 * <p>Dimension letters: S pixels per side, P image tokens per image, D hidden size of the decoder, Dv hidden size of the
 * vision tower, H attention heads, G key/value heads, V vocabulary size.
 */
package org.llava4j.model.config;
