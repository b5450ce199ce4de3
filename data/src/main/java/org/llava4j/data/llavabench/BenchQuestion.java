package org.llava4j.data.llavabench;

import org.llava4j.data.JsonId;

/**
 * LLaVA-Bench question.
 *
 * @param id by which answers and reviews refer to it
 * @param image path of the image relative to the image folder
 * @param text without {@code <image>}
 * @param category {@code conv}, {@code detail} or {@code complex}
 */
public record BenchQuestion(JsonId id, String image, String text, String category) {}
