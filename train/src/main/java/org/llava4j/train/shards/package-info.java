/** Training data as ids, kept in shards: the goal tokenize-data. */
package org.llava4j.train.shards;
