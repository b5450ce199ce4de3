/**
 * LoRA (Hu et al. 2021): what a frozen decoder learns beside its weights, as two low matrices for each. {@code
 * LoraConfig} says which and how large; the graph itself is built by {@link org.llava4j.model.Llava}.
 */
package org.llava4j.model.lora;
