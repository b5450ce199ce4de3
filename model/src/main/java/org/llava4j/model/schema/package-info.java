/**
 * Schema-constrained decoding: a JSON schema ({@link org.llava4j.model.schema.JsonSchema}) is compiled into a pushdown
 * automaton over bytes, which masks the tokens of a vocabulary so that every answer is JSON that fits the schema
 * ({@link org.llava4j.model.schema.SchemaSequence}).
 *
 * <p>A <em>node</em> accepts the values of one part of a schema. A <em>frame</em> is a node's position in a value, on top
 * of the frames of the values around it. The <em>cost</em> of a frame is the number of tokens that are enough to complete
 * the answer. Dimension letters: V vocabulary size. Shapes are written as types: {@code float32[V]}.
 */
package org.llava4j.model.schema;
