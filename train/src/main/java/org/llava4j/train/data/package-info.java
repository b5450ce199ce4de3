/** Data of a training stage: its sources, the encoding of samples, and the batches that are read from them. */
package org.llava4j.train.data;
