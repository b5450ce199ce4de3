package org.llava4j.data.image;

/** Width and height of an image in pixels. */
record ImageSize(int width, int height) {}
