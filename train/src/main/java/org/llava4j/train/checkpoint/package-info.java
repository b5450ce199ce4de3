/**
 * What an interrupted run goes on from: weights that learn, the optimiser's moments, place in schedule and data, totals;
 * a run that was killed ends with the very bytes of one that was not.
 */
package org.llava4j.train.checkpoint;
