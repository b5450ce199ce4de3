/**
 * Generation of visual instruction data (section 3): a text-only LLM writes conversations, detailed descriptions and
 * complex reasoning about images, from their captions and bounding boxes.
 */
package org.llava4j.data.instruct;
