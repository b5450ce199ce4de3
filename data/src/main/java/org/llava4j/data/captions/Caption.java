package org.llava4j.data.captions;

/**
 * What somebody wrote about a picture.
 *
 * @param id what the data file calls it
 * @param image path of the picture relative to the image folder
 */
public record Caption(String id, String image, String text) {}
