/**
 * Training stages: their definition as data ({@link org.llava4j.train.stage.Stage}: trainable weights, data,
 * learning-rate schedule) and the runs that read a model folder and data and write a trained model folder ({@link
 * org.llava4j.train.stage.StageRunner}).
 */
package org.llava4j.train.stage;
