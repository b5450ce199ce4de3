package org.llava4j.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.Sha256;
import org.llava4j.data.image.ImageBytes;
import org.llava4j.eval.predictions.BatchExecutor;
import org.llava4j.eval.report.Report;

/**
 * Data files, images and files of the model that the answers of an evaluation depend on, as they are at its start. They
 * are part of the run configuration by content. An answer about an image that has changed since, or by a model that has,
 * is refused before it reaches the answer journal, so that a journal has answers about one content only.
 */
public final class EvaluationInputs {
    private final List<Path> dataFiles;
    private final Map<String, Path> imageFiles;
    private final InputSnapshot snapshot;
    private final String imagesSha256;
    private final @Nullable InputSnapshot model;

    /**
     * Hashes the images.
     *
     * @param dataFiles files of the questions
     * @param images image of each question that has one, by question id; an entry of an archive as well as a file
     * @throws org.llava4j.data.BadInputException if a file or image is missing or unreadable
     */
    public EvaluationInputs(List<Path> dataFiles, Map<String, Path> images) {
        this.dataFiles = List.copyOf(dataFiles);
        imageFiles = new LinkedHashMap<>();
        images.forEach((id, image) -> imageFiles.put(id, ImageBytes.file(image)));
        List<Path> files = new ArrayList<>(dataFiles);
        files.addAll(imageFiles.values());
        // Before the images are hashed, so that a change in between is detected.
        snapshot = InputSnapshot.byMetadata(files);
        imagesSha256 = images.isEmpty() ? "none" : sha256(images);
        model = null;
    }

    private EvaluationInputs(EvaluationInputs inputs, InputSnapshot model) {
        dataFiles = inputs.dataFiles;
        imageFiles = inputs.imageFiles;
        snapshot = inputs.snapshot;
        imagesSha256 = inputs.imagesSha256;
        this.model = model;
    }

    /** These inputs and the files of the model that answers. */
    public EvaluationInputs and(InputSnapshot modelFiles) {
        return new EvaluationInputs(this, modelFiles);
    }

    /** SHA-256 over ids and contents, in order, of one image at a time. */
    static String sha256(Map<String, Path> images) {
        Sha256 hash = new Sha256();
        images.forEach((id, image) -> hash.add(id + "\n" + ImageBytes.sha256(image) + "\n"));
        return hash.hex();
    }

    /** Adds the hash of the images to a report's run configuration. */
    public void describe(Report report) {
        report.setting("images sha256", imagesSha256);
    }

    /**
     * Checks that all files are unchanged; to be called before results are written.
     *
     * @throws org.llava4j.data.BadInputException if a file differs from the start
     */
    public void requireUnchanged() {
        requireModelUnchanged();
        snapshot.requireUnchanged();
    }

    private void requireModelUnchanged() {
        if (model != null) {
            model.requireUnchanged();
        }
    }

    /** An executor that refuses the answers of a batch if its images, the data files or the model have changed. */
    public BatchExecutor checked(BatchExecutor executor) {
        return (batchIndices, onBatch) -> executor.execute(batchIndices, answers -> {
            requireUnchanged(answers.keySet());
            onBatch.accept(answers);
        });
    }

    private void requireUnchanged(Collection<String> ids) {
        requireModelUnchanged();
        List<Path> files = new ArrayList<>(dataFiles);
        for (String id : ids) {
            Path image = imageFiles.get(id);
            if (image != null) {
                files.add(image);
            }
        }
        snapshot.requireUnchanged(files);
    }
}
