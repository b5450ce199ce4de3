package org.llava4j.train.logging;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.llava4j.train.checkpoint.TrainingTotals;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * State of a run before its first step.
 *
 * @param name name of the stage
 * @param stage values of the stage as JSON
 * @param totalSteps steps of the run
 * @param before totals of earlier processes of the run; zero unless it resumes from a checkpoint
 * @param folder folder of the {@link MonitoringFiles} while the run is in progress; they are copied to the output at
 *     its end
 * @param graph the graph that is trained
 * @param schedule learning rate by step, counted from 0
 * @param notices receives messages for all listeners, as {@link TrainingListener#notice} does
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
