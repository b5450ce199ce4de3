/**
 * Runs of training stages: they read a model folder and data, train, and write a trained model folder; see {@link
 * org.llava4j.train.run.StageRunner}.
 */
package org.llava4j.train.run;
