/** Training stages as data: trainable weights, data format, hyperparameters; see {@link org.llava4j.train.stage.Stage}. */
package org.llava4j.train.stage;
