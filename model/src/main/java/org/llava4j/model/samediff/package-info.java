/**
 * Extensions of ND4J's SameDiff: custom operations ({@link org.llava4j.model.samediff.GraphOp}), input validation,
 * gradient checkpointing ({@link org.llava4j.model.samediff.ActivationCheckpointing}) and runs on meta arrays, which have
 * shapes but no values ({@link org.llava4j.model.samediff.GraphTrace}). Only this package depends on SameDiff's
 * internals.
 */
package org.llava4j.model.samediff;
