/**
 * How the shipped tiny base was made, for anyone to run again: a tokenizer from a drawn world's texts, a CLIP tower
 * that has seen drawn pictures with their labels only, and a LLaMA that has read text only.
 */
package org.llava4j.train.tiny;
