/**
 * LLaMA tokenizer: a SentencePiece BPE model, and the handling of special tokens of the slow Hugging Face tokenizer,
 * with which LLaVA's weights were trained.
 *
 * <p>Dimension letters: T tokens of one text.
 */
package org.llava4j.data.tokenizer;
