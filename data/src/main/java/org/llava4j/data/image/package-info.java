/**
 * CLIP image preprocessing: images are decoded to RGB bytes, resized, cropped and normalized. Results are identical to
 * those of Pillow and {@code CLIPImageProcessor}, with which the released weights were trained.
 *
 * <p>Dimension letters: H rows, W columns, S side of the tower's square input. Decoded images are interleaved ({@code
 * uint8[H, W, 3]}), the tower's input is planar ({@code float32[3, S, S]}); channels are red, green, blue.
 */
package org.llava4j.data.image;
