package org.llava4j.model.folder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
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
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.model.weights.VisionTowerResolver;

/**
 * A model folder made of a base and an adapter: {@code W + alpha / rank * B A} for each target, and the projector that
 * learned besides. No graph is built, and one tensor at a time is in memory.
 *
 * @param base the LLaVA or LLaMA that the adapter was trained on
 * @param adapter its folder; where it has a {@code config.json} of a LLaVA, that says what is made, else the base's
 * @param visionTower the tower's folder; null for the base's, or the one that the config names
 * @param type of the floating point tensors
 * @param shardBytes most bytes of numbers in one file
 */
public record LoraMerge(Path base, Path adapter, Path visionTower, SaveType type, long shardBytes) {

    /**
     * Writes the folder.
     *
     * @return whether the adapter records its base's hash, and the base has it
     * @throws BadInputException if the adapter was trained on another base, the two do not fit, or the place cannot be
     *     written; nothing is written then
     */
    public boolean writeTo(Path output) {
        Origin origin = origin();
        InputPaths inputs = InputPaths.of(base, adapter, origin.visionTower());
        try (AtomicFolder folder = AtomicFolder.begin(output, CheckpointWriter.KIND, inputs);
                LoraAdapter learned = LoraAdapter.open(adapter)) {
            boolean known = requireBase();
            InputSnapshot read = InputSnapshot.byMetadata(files(origin, learned));
            try (Checkpoint checkpoint = Checkpoint.llava(base, origin.visionTower())) {
                learned.nonLoraWeights().ifPresent(checkpoint::withProjector);
                Map<String, long[]> shapes = Llava.weightShapes(origin.config());
                learned.requireFits(shapes);
                List<LazyTensor> tensors =
                        checkpoint.toLazyTensors(shapes, origin.config().imageStartEndTokens()).stream()
                                .map(type::apply)
                                .map(learned::merge)
                                .toList();
                CheckpointWriter.writeInto(
                        folder.path(), tensors, origin, new WriteOptions(CheckpointLayout.LLAVA, shardBytes));
                SortedMap<String, String> sources =
                        new TreeMap<>(checkpoint.plan().sources());
                sources.replaceAll((name, source) -> learned.isTarget(name) ? source + " + " + learned : source);
                ModelManifest.write(folder.path(), provenance(origin, sources));
            }
            read.requireUnchanged();
            folder.commit();
            return known;
        }
    }

    private List<Path> files(Origin origin, LoraAdapter learned) {
        List<Path> files = new ArrayList<>(ModelFiles.of(
                        base, origin.visionTower(), learned.nonLoraWeights().orElse(null))
                .all());
        files.addAll(learned.files());
        return files;
    }

    private boolean requireBase() {
        Optional<String> told = ModelManifest.read(adapter).flatMap(manifest -> Optional.ofNullable(manifest.base()));
        if (told.isPresent()) {
            String hash = AdapterFiles.baseHash(base);
            if (!told.get().equals(hash)) {
                throw new BadInputException(adapter + " was trained on a base whose decoder's weights have the hash "
                        + told.get() + ", but those of " + base + " have " + hash
                        + "; give the base it was trained on");
            }
        }
        return told.isPresent();
    }

    private Origin origin() {
        boolean own = Files.isRegularFile(adapter.resolve(FolderFiles.CONFIG)) && LlavaConfig.isLlava(adapter);
        if (!own && !LlavaConfig.isLlava(base)) {
            throw new BadInputException("neither " + base + " nor " + adapter + " has the config.json of a LLaVA; give"
                    + " the LLaVA that the adapter was trained on");
        }
        Path told = own ? adapter : base;
        Path tower = VisionTowerResolver.resolve(LlavaConfig.isLlava(base) ? base : adapter, visionTower);
        Optional<ChatFormat> chat = ChatFormat.isIn(told) ? Optional.of(ChatFormat.of(told)) : Optional.empty();
        return new Origin(base, tower, LlavaConfig.read(told, tower), chat, Optional.empty());
    }

    private ModelManifest.Provenance provenance(Origin origin, SortedMap<String, String> sources) {
        return new ModelManifest.Provenance(
                CheckpointWriter.KIND,
                CheckpointLayout.LLAVA.toString(),
                origin.chat().map(format -> format.template().name()),
                ModelManifest.read(adapter).flatMap(before -> Optional.ofNullable(before.stage())),
                Optional.empty(),
                sources);
    }
}
