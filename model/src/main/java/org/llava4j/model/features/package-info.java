/**
 * Cached features of the frozen vision tower: {@code float32[P, Dv]} per image, computed once and stored in memory and
 * on disk under a content address.
 */
package org.llava4j.model.features;
