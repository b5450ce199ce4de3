/**
 * Extensions of ND4J's SameDiff: custom operations ({@link org.llava4j.model.samediff.GraphOp}), input validation, pooled
 * memory ({@link org.llava4j.model.samediff.PooledMemory}) and gradient checkpointing ({@link
 * org.llava4j.model.samediff.ActivationCheckpointing}). Only this package depends on SameDiff's internals.
 */
package org.llava4j.model.samediff;
