/**
 * Synthetic dataset of the demo: rendered scenes with captions and ScienceQA-like problems, all from one seed. {@link
 * org.llava4j.data.synthetic.SyntheticDatasetWriter} writes it; {@link org.llava4j.data.synthetic.ProblemType} lists
 * its problem types; {@link org.llava4j.data.synthetic.TextCorpus} is the text that the tiny decoder is pretrained on.
 */
package org.llava4j.data.synthetic;
