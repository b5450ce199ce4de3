package org.llava4j.train.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.ParentCheckpoint;
import org.llava4j.train.logging.MetricsLog;

/**
 * Report of a run that finished, or was stopped on request before its last step.
 *
 * @param output the model folder; it is not written if the run was stopped
 * @param summary the content of {@code run.json} in the output folder; null if the run was stopped
 * @param stopped after which step the run was stopped, and how to resume it; null if it finished
 */
public record RunReport(
        Path output, @Nullable Summary summary, @Nullable String stopped) {
    static final String FILE = "run.json";

    /**
     * Returns the summary, for callers that need the output.
     *
     * @throws BadInputException if the run was stopped; the message says how to resume it
     */
    public Summary requireFinished() {
        if (summary == null) {
            throw new BadInputException(String.valueOf(stopped));
        }
        return summary;
    }

    /**
     * Reads all accepted steps, including those before an interruption, from the {@code metrics.jsonl} of the output,
     * so that long runs do not keep them in memory.
     *
     * @throws org.llava4j.data.BadInputException if the file is missing or broken
     */
    public List<Trainer.Step> steps() {
        return MetricsLog.steps(output.resolve(MetricsLog.FILE));
    }

    /**
     * One data source of a run.
     *
     * @param data its file or folder
     * @param format {@code conversations} or {@code scienceqa}
     * @param samples number of samples
     * @param weight sampling weight; null if each sample was seen once per epoch
     * @param samplesSeen samples seen, repeated ones counted again
     * @param share share of all samples seen, 0..1
     * @param layouts number of samples by layout; null if the source is not a file of conversations
     */
    public record Source(
            String data,
            String format,
            int samples,
            @Nullable Double weight,
            long samplesSeen,
            double share,
            @Nullable LayoutCounts layouts) {}

    /**
     * Content of {@code run.json}.
     *
     * @param stage name of the stage; its values are in {@code stage.json}
     * @param data SHA-256 of all training data
     * @param sources the data sources, in order
     * @param steps optimizer steps
     * @param samples samples seen, repeated epochs included
     * @param meanLoss mean over all steps
     * @param lastLoss smoothed loss of the last steps
     * @param badSamples invalid samples skipped in the last epoch
     * @param badSteps rejected steps
     * @param paddingShare share of all positions that were padding, 0..1
     * @param unpackedPaddingShare share that would have been padding without packing; null if packing saved none
     * @param featuresComputed images processed by the vision tower; features of the others were cached
     * @param projector source of the initial projector: a file and tensor, or "fresh"
     * @param seconds duration of all steps
     * @param groups result of the frozen-weight check
     * @param identity everything that the output depends on
     * @param startedFrom checkpoints of other runs from which the run was started, the first one first
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

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            Double unpackedPaddingShare,

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
                throw new IllegalStateException("a record of numbers and strings is always valid JSON", e);
            }
        }
    }
}
