/**
 * Text to token ids and back, as LLaMA does it: a SentencePiece byte-pair model, and around it the handling of
 * special tokens that Hugging Face's slow tokenizer adds and that LLaVA's weights were trained with.
 */
package org.llava4j.data.tokenizer;
