package org.llava4j.data.captions;

/**
 * Bounding box of an object in an image, as fractions of its width and height from the left and the top.
 *
 * @param category of the object, such as "person"
 */
public record BoundingBox(String category, double x1, double y1, double x2, double y2) {}
