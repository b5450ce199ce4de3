package org.llava4j.train.checkpoint;

import java.util.List;

/**
 * Checkpoint of another run from which a new run was started.
 *
 * @param checkpoint its folder
 * @param step number of steps of the other run
 * @param changes differences between the two runs
 */
public record ParentCheckpoint(String checkpoint, int step, List<String> changes) {}
