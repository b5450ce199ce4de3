/**
 * A small drawn world for the demo: scenes, pictures of them, captions and ScienceQA-like problems, all from one
 * seed. {@link org.llava4j.data.synthetic.SyntheticDatasetWriter} writes it; {@link org.llava4j.data.synthetic.ProblemType} lists what is in
 * it; {@link org.llava4j.data.synthetic.TextCorpus} is what the tiny decoder reads before it sees any picture.
 */
package org.llava4j.data.synthetic;
