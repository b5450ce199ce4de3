package org.llava4j.model.folder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.VisionTowerResolver;

/**
 * Export of a model folder to another layout, dtype, shard size or projector. It is as strict as loading, builds no
 * graph, and holds one tensor at a time in memory.
 *
 * @param model a LLaVA folder of any layout
 * @param visionTower the vision tower's folder; null for the one that the config names
 * @param projector a projector file, which overrides the projector in {@code model}; null for none
 * @param options layout, shard size and quantization
 * @param type dtype of the floating-point tensors; as stored, a quantized folder stays quantized
 * @param convMode conversation template; null for the one of the folder, if any
 */
public record Export(
        Path model,
        @Nullable Path visionTower,
        @Nullable Path projector,
        WriteOptions options,
        SaveType type,
        @Nullable String convMode) {

    /**
     * Writes the folder.
     *
     * @throws BadInputException if the model is incomplete, the layout cannot represent it, or the output cannot be
     *     written
     */
    public void writeTo(Path output) {
        run(output, (folder, checkpoint, origin) -> {
            List<LazyTensor> tensors = tensors(checkpoint, origin.config());
            boolean asStored = options.quantization() == null && type.type() == null;
            CheckpointWriter.writeInto(
                    folder, tensors, origin, asStored ? options.withQuantization(checkpoint.quantization()) : options);
            return options.layout().toString();
        });
    }

    /** Writes only {@link CheckpointWriter#PROJECTOR_FILE} into a folder. */
    public void writeProjectorTo(Path output) {
        run(output, (folder, checkpoint, origin) -> {
            LlavaFolder.writeProjector(folder, tensors(checkpoint, origin.config()), origin.config());
            return "projector alone";
        });
    }

    /** Writes the files and returns a description of the layout for the manifest. */
    interface FilesWriter {
        String write(Path folder, Checkpoint checkpoint, Origin origin);
    }

    void run(Path output, FilesWriter writer) {
        InputPaths inputs = InputPaths.of(model, projector, visionTower).andIfJsonFile(convMode);
        inputs.requireNoOverlap(output);
        if (!LlavaConfig.isLlava(model, visionTower)) {
            throw new BadInputException(
                    model + " is not a LLaVA; assemble one from a LLaMA and a CLIP first (assemble)");
        }
        Path tower = VisionTowerResolver.resolve(model, visionTower);
        try (AtomicFolder folder = AtomicFolder.begin(output, CheckpointWriter.KIND, inputs.and(tower))) {
            InputSnapshot read = InputSnapshot.byMetadata(files(tower));
            LlavaConfig config = LlavaConfig.read(model, tower);
            ChatFormat chat = convMode == null && !ChatFormat.isIn(model) ? null : ChatFormat.of(model, convMode);
            Origin origin = new Origin(model, tower, config, chat, null);
            try (Checkpoint checkpoint = Checkpoint.llava(model, tower)) {
                if (projector != null) {
                    checkpoint.withProjector(projector);
                }
                String layout = writer.write(folder.path(), checkpoint, origin);
                ModelManifest.write(
                        folder.path(),
                        new ModelManifest.Provenance(
                                CheckpointWriter.KIND,
                                layout,
                                chat == null ? null : chat.template().name(),
                                ModelManifest.readStage(model),
                                quantizedFrom(checkpoint),
                                checkpoint.plan().sources()));
            }
            read.requireUnchanged();
            folder.commit();
        }
    }

    /** Hash of the model whose weights were quantized, to which adapters belong; null if the output is not quantized. */
    private @Nullable String quantizedFrom(Checkpoint checkpoint) {
        if (checkpoint.quantization() != null) {
            return type.type() == null ? ModelManifest.readBase(model) : null;
        }
        return options.quantization() == null ? null : AdapterFiles.baseHash(model);
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
