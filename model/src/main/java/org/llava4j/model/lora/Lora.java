package org.llava4j.model.lora;

/**
 * LoRA in a graph.
 *
 * @param config rank, alpha, dropout and targets
 * @param seed of the dropout masks
 */
public record Lora(LoraConfig config, long seed) {}
