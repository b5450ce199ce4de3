package org.llava4j.train.stage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.Fingerprint;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.ParentCheckpoint;
import org.llava4j.train.logging.MetricsLog;

/**
 * What a run did; all but {@code output} is kept as {@code run.json} in the output folder.
 *
 * @param output the model folder that was written
 */
public record RunReport(Path output, Summary summary) {
    static final String FILE = "run.json";

    /**
     * Every step that changed the weights, those before an interruption too; read from the output's {@code metrics.jsonl},
     * so that a long run does not keep them in memory.
     *
     * @throws org.llava4j.data.BadInputException if that is not there any more
     */
    public List<Trainer.Step> steps() {
        return MetricsLog.steps(output.resolve(MetricsLog.FILE));
    }

    /**
     * One source of the data.
     *
     * @param data its file or folder
     * @param samples that it holds
     * @param weight it was drawn by; null where each sample came once an epoch
     * @param drawn samples seen of it, those that came again counted again
     * @param share of all samples seen, 0..1
     */
    public record Source(String data, int samples, Double weight, long drawn, double share) {}

    /**
     * @param stage its name; its values are in {@code stage.json}
     * @param data SHA-256 of the data that was learned, of all sources together
     * @param sources where it came from, in their order
     * @param steps optimiser steps
     * @param samples seen, those of later epochs counted again
     * @param meanLoss over all steps
     * @param lastLoss smoothed over the last steps
     * @param badSamples samples that were no good and were passed over in the last epoch
     * @param badSteps steps that changed nothing because their loss or gradient was no number or their loss exploded
     * @param paddingShare share of all positions that were padding, 0..1
     * @param featuresComputed images that went through the tower; the others came from the cache
     * @param projector where its first weights came from: a file and tensor, or "fresh"
     * @param seconds from the first step to the last
     * @param groups the proof of what moved and what did not
     * @param identity everything that the output depends on
     * @param startedFrom the checkpoints of other runs that this one was started from, the first one first
     */
    public record Summary(
            String stage,
            String data,
            List<Source> sources,
            int steps,
            long samples,
            double meanLoss,
            double lastLoss,
            int badSamples,
            int badSteps,
            double paddingShare,
            long featuresComputed,
            String projector,
            double seconds,
            List<WeightGroup> groups,
            Fingerprint identity,
            List<ParentCheckpoint> startedFrom) {

        String json() {
            try {
                return JsonMapper.builder()
                                .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                                .build()
                                .writerWithDefaultPrettyPrinter()
                                .writeValueAsString(this)
                        + "\n";
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("a record of numbers and texts is always JSON", e);
            }
        }
    }
}
