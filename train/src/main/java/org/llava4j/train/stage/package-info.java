/**
 * Stages as data: what learns, from which data, at which rate ({@link org.llava4j.train.stage.Stage}), and what runs
 * one ({@link org.llava4j.train.stage.StageRunner}): a model folder and data in, a trained model folder out.
 */
package org.llava4j.train.stage;
