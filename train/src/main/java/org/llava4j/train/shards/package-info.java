/**
 * Tokenized datasets for training: the command {@code tokenize-data} encodes samples once and stores them in shards by
 * length.
 */
package org.llava4j.train.shards;
