package org.llava4j.model.folder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.CheckpointLayout;

/**
 * Merge of a LoRA adapter into its base model: {@code W + alpha / rank * B A} for each target, and the projector
 * trained with it. No graph is built, and one tensor at a time is in memory.
 *
 * @param base the LLaVA or LLaMA that the adapter was trained on
 * @param adapter the adapter's folder; its LLaVA {@code config.json}, if present, is used instead of the base's
 * @param visionTower the vision tower's folder; null for the base's, or the one that the config names
 * @param type dtype of the floating-point tensors
 * @param shardBytes maximum bytes of tensor data per file
 */
public record LoraMerge(Path base, Path adapter, @Nullable Path visionTower, SaveType type, long shardBytes) {

    /**
     * Writes the folder.
     *
     * @return whether the adapter records its base's hash, so that the base was verified
     * @throws BadInputException if the adapter was trained on another base, the two do not match, or the output cannot
     *     be written; nothing is written then
     */
    public boolean writeTo(Path output) {
        InputPaths.of(base, adapter, visionTower).requireNoOverlap(output);
        Origin origin = origin();
        InputPaths inputs = InputPaths.of(base, adapter, origin.visionTower());
        try (AtomicFolder folder = AtomicFolder.begin(output, CheckpointWriter.KIND, inputs);
                LoraAdapter loraAdapter = LoraAdapter.open(adapter)) {
            boolean baseVerified = AdapterFiles.requireBase(adapter, base);
            InputSnapshot read = InputSnapshot.byMetadata(files(origin, loraAdapter));
            try (Checkpoint checkpoint = Checkpoint.llava(base, origin.visionTower())) {
                if (checkpoint.quantization() != null) {
                    ConfigWarnings.report(
                            base,
                            "holds " + checkpoint.quantization() + " weights, whose rounding errors the merged model"
                                    + " keeps; merge into the original model, then quantize");
                }
                loraAdapter.addOtherWeights(checkpoint);
                Map<String, long[]> shapes = Llava.weightShapes(origin.config());
                loraAdapter.requireFits(shapes);
                List<LazyTensor> tensors =
                        checkpoint.toLazyTensors(shapes, origin.config().imageStartEndTokens()).stream()
                                .map(type::apply)
                                .map(loraAdapter::merge)
                                .toList();
                CheckpointWriter.writeInto(
                        folder.path(), tensors, origin, new WriteOptions(CheckpointLayout.LLAVA, shardBytes));
                SortedMap<String, String> sources =
                        new TreeMap<>(checkpoint.plan().sources());
                sources.replaceAll(
                        (name, source) -> loraAdapter.isTarget(name) ? source + " + " + loraAdapter : source);
                ModelManifest.write(folder.path(), provenance(origin, sources));
            }
            read.requireUnchanged();
            folder.commit();
            return baseVerified;
        }
    }

    private List<Path> files(Origin origin, LoraAdapter loraAdapter) {
        List<Path> files = new ArrayList<>(ModelFiles.of(base, origin.visionTower(), loraAdapter.nonLoraWeights())
                .all());
        files.addAll(loraAdapter.files());
        return files;
    }

    private Origin origin() {
        ModelSource model = ModelSource.withAdapter(base, adapter, visionTower);
        Path configFolder = model.configFolder();
        ChatFormat chat = ChatFormat.isIn(configFolder) ? ChatFormat.of(configFolder) : null;
        return new Origin(base, model.visionTower(), model.config(), chat, null);
    }

    private ModelManifest.Provenance provenance(Origin origin, SortedMap<String, String> sources) {
        ChatFormat chat = origin.chat();
        return new ModelManifest.Provenance(
                CheckpointWriter.KIND,
                CheckpointLayout.LLAVA.toString(),
                chat == null ? null : chat.template().name(),
                ModelManifest.readStage(adapter),
                null,
                sources);
    }
}
