/**
 * LoRA (Hu et al. 2021), low-rank adapters of a frozen decoder: configuration, initialization and merging.
 * {@link org.llava4j.model.Llava} builds them into the graph.
 */
package org.llava4j.model.lora;
