/**
 * Training of the tiny base model that ships with the demo: a BPE tokenizer, a LLaMA decoder trained on text only, and
 * a CLIP-like vision tower trained on synthetic images with labels.
 */
package org.llava4j.eval.tiny;
