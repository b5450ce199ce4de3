package org.llava4j.data.captions;

/**
 * Bounding box of an object in an image. Coordinates are fractions of the image's width and height, 0..1, with the
 * origin at the top left.
 *
 * @param category class of the object, such as "person"
 * @param x1 left edge
 * @param y1 top edge
 * @param x2 right edge
 * @param y2 bottom edge
 */
public record BoundingBox(String category, double x1, double y1, double x2, double y2) {}
