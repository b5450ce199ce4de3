/**
 * A small drawn world for the demo: scenes, pictures of them, captions and ScienceQA-like problems, all from one
 * seed. {@link org.llava4j.data.world.WorldWriter} writes it; {@link org.llava4j.data.world.Kind} lists what is in
 * it; {@link org.llava4j.data.world.TextCorpus} is what the tiny decoder reads before it sees any picture.
 */
package org.llava4j.data.world;
