/**
 * The frozen tower's features, computed once per image: {@code float32[P, Dv]} each, kept in memory and on disk under
 * an address made of everything they depend on.
 */
package org.llava4j.model.features;
