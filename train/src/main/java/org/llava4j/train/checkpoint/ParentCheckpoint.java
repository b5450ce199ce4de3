package org.llava4j.train.checkpoint;

import java.util.List;

/**
 * The checkpoint of another run that a run was started from.
 *
 * @param checkpoint its folder
 * @param step steps that the other run had done
 * @param changes what differs between the two runs
 */
public record ParentCheckpoint(String checkpoint, int step, List<String> changes) {}
