/**
 * Pictures on their way into the vision tower: decoded to RGB bytes, resized, cropped and normalised to the very
 * numbers that Pillow and {@code CLIPImageProcessor} give, because the released weights were trained on those.
 *
 * <p>H and W are rows and columns, S is the side of the tower's square input. Bytes are interleaved
 * ({@code uint8[H, W, 3]}), the tower's input is planar ({@code float32[3, S, S]}), both in the order red, green, blue.
 */
package org.llava4j.data.image;
