package org.llava4j.train.logging;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.llava4j.train.checkpoint.TrainingTotals;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * What a run is when its steps begin.
 *
 * @param name of its stage
 * @param stage the stage's values, as its JSON has them
 * @param totalSteps of the run
 * @param before what earlier processes of the run have done; nothing, unless it goes on from a checkpoint
 * @param folder where files of the run lie while it goes on; at its end {@link MonitoringFiles} go into the output
 * @param graph the one that learns
 * @param schedule rates by step, counted from 0
 * @param notices receives a line for all who follow the run, as {@link TrainingListener#notice} does
 */
public record RunStart(
        String name,
        JsonNode stage,
        int totalSteps,
        TrainingTotals before,
        Path folder,
        SameDiff graph,
        ISchedule schedule,
        Consumer<String> notices) {}
