package org.llava4j.data.captions;

/**
 * Where a thing is in a picture, as fractions of its width and height, from the left and the top.
 *
 * @param category what it is
 */
public record BoundingBox(String category, double x1, double y1, double x2, double y2) {}
