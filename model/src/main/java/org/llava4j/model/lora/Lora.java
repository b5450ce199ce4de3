package org.llava4j.model.lora;

/**
 * LoRA in a graph.
 *
 * @param config what it is
 * @param seed of what is dropped
 */
public record Lora(LoraConfig config, long seed) {}
