package org.llava4j.model.folder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.tensors.LazyTensor;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.VisionTowerResolver;

/**
 * A model folder written anew: in another layout, another type, other shards, with another projector. Strict as loading
 * is; no graph is built, and one tensor at a time is in memory.
 *
 * @param model a LLaVA folder of any layout
 * @param visionTower the tower's folder; null for the one that the model's config names
 * @param projector a projector of its own file, taken before any in {@code model}; null for none
 * @param type of the floating point tensors
 * @param convMode the conversation template; null for the one that the folder names, if it does
 */
public record Export(
        Path model, Path visionTower, Path projector, WriteOptions options, SaveType type, String convMode) {

    /**
     * Writes the folder.
     *
     * @throws BadInputException if the model is not whole, cannot be written in this layout, or the place cannot be
     *     written
     */
    public void writeTo(Path output) {
        run(output, (folder, checkpoint, origin) -> {
            List<LazyTensor> tensors = tensors(checkpoint, origin.config());
            CheckpointWriter.writeInto(folder, tensors, origin, options);
            return options.layout().toString();
        });
    }

    /** Writes {@link CheckpointWriter#PROJECTOR_FILE} alone into a folder. */
    public void writeProjectorTo(Path output) {
        run(output, (folder, checkpoint, origin) -> {
            LlavaFolder.writeProjector(folder, tensors(checkpoint, origin.config()), origin.config());
            return "projector alone";
        });
    }

    /** Writes the files and says what they are. */
    interface FilesWriter {
        String write(Path folder, Checkpoint checkpoint, Origin origin);
    }

    void run(Path output, FilesWriter body) {
        InputPaths inputs = InputPaths.of(model, projector, visionTower).andIfJsonFile(convMode);
        inputs.requireNoOverlap(output);
        if (!LlavaConfig.isLlava(model)) {
            throw new BadInputException(model + " is no LLaVA; assemble one from a LLaMA and a CLIP first (assemble)");
        }
        Path tower = VisionTowerResolver.resolve(model, visionTower);
        try (AtomicFolder folder = AtomicFolder.begin(output, CheckpointWriter.KIND, inputs.and(tower))) {
            InputSnapshot read = InputSnapshot.byMetadata(files(tower));
            LlavaConfig config = LlavaConfig.read(model, tower);
            Optional<ChatFormat> chat = convMode == null && !ChatFormat.isIn(model)
                    ? Optional.empty()
                    : Optional.of(ChatFormat.of(model, convMode));
            Origin origin = new Origin(model, tower, config, chat, Optional.empty());
            try (Checkpoint checkpoint = Checkpoint.llava(model, tower)) {
                if (projector != null) {
                    checkpoint.withProjector(projector);
                }
                String layout = body.write(folder.path(), checkpoint, origin);
                ModelManifest.write(
                        folder.path(),
                        new ModelManifest.Provenance(
                                CheckpointWriter.KIND,
                                layout,
                                chat.map(format -> format.template().name()),
                                ModelManifest.read(model).flatMap(before -> Optional.ofNullable(before.stage())),
                                Optional.empty(),
                                checkpoint.plan().sources()));
            }
            read.requireUnchanged();
            folder.commit();
        }
    }

    private List<Path> files(Path tower) {
        List<Path> files =
                new ArrayList<>(ModelFiles.of(model, tower, projector).all());
        if (convMode != null && convMode.endsWith(".json")) {
            files.add(Path.of(convMode));
        }
        return files;
    }

    private List<LazyTensor> tensors(Checkpoint checkpoint, LlavaConfig config) {
        return checkpoint.toLazyTensors(Llava.weightShapes(config), config.imageStartEndTokens()).stream()
                .map(type::apply)
                .toList();
    }
}
