package org.llava4j.model.folder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.tokenizer.TokenizerFiles;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.tensors.TensorFolder;
import org.llava4j.model.weights.FullModelCheck;

/**
 * The files that a model is loaded from.
 *
 * @param folder the LLaVA or LLaMA folder
 * @param visionTower the vision tower's folder; may be {@code folder} itself
 * @param projector projector file; null if it is not separate
 */
public record ModelFiles(
        Path folder, Path visionTower, @Nullable Path projector) {
    private static final String TOWER = "vision tower ";

    /**
     * The files of a LLaVA or LLaMA.
     *
     * @param projector projector file; null for none
     * @throws org.llava4j.data.BadInputException if the folder is a delta or an adapter
     */
    public static ModelFiles of(Path folder, Path visionTower, @Nullable Path projector) {
        FullModelCheck.requireFullModel(folder);
        return new ModelFiles(folder, visionTower, projector);
    }

    /** The weight files by description. */
    public Map<String, Path> weights() {
        Map<String, Path> weights = named("model ", TensorFolder.files(folder));
        if (!visionTower.equals(folder) && !holdsTower()) {
            weights.putAll(named(TOWER, TensorFolder.files(visionTower)));
        }
        if (projector != null) {
            List<Path> files = TensorFolder.files(projector);
            weights.putAll(files.size() == 1 ? Map.of("projector", files.get(0)) : named("projector ", files));
        }
        return weights;
    }

    private boolean holdsTower() {
        try (NamedWeights own = NamedWeights.open(folder)) {
            return own.tensors().keySet().stream().anyMatch(CheckpointWriter::isVisionTower);
        }
    }

    /** The files that determine tokenization. */
    public Map<String, Path> tokenizer() {
        return tokenizer(folder);
    }

    /** As {@link #tokenizer()}, for a folder without its other parts. */
    public static Map<String, Path> tokenizer(Path folder) {
        return named("", InputSnapshot.existing(folder, TokenizerFiles.readIn(folder)));
    }

    /** Other files that are copied into written folders: configs, and files for other programs. */
    public Map<String, Path> others() {
        List<String> names = new ArrayList<>(TokenizerFiles.all());
        names.removeAll(TokenizerFiles.readIn(folder));
        names.addAll(List.of(FolderFiles.CONFIG, FolderFiles.GENERATION_CONFIG, ChatFormat.TEMPLATE_FILE));
        if (visionTower.equals(folder)) {
            names.addAll(FolderFiles.PREPROCESSING);
            return named("file ", InputSnapshot.existing(folder, names));
        }
        Map<String, Path> others = named("file ", InputSnapshot.existing(folder, names));
        List<String> preprocessing = new ArrayList<>(FolderFiles.PREPROCESSING);
        preprocessing.add(0, FolderFiles.CONFIG);
        others.putAll(named("file of the vision tower ", InputSnapshot.existing(visionTower, preprocessing)));
        return others;
    }

    /** All files. */
    public List<Path> all() {
        List<Path> all = new ArrayList<>(weights().values());
        all.addAll(tokenizer().values());
        all.addAll(others().values());
        return all;
    }

    private static Map<String, Path> named(String prefix, List<Path> files) {
        Map<String, Path> named = new LinkedHashMap<>();
        files.stream().filter(Files::isRegularFile).forEach(file -> named.put(prefix + file.getFileName(), file));
        return named;
    }
}
