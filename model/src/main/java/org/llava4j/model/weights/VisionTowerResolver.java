package org.llava4j.model.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.llava4j.data.BadInputException;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.tensors.TensorFolder;
import org.llava4j.data.tensors.TensorStore;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.TowerTraining;
import org.llava4j.model.config.LlavaHfConfig;

/**
 * The choice between the vision tower among a LLaVA's own weights and the one in a CLIP folder. As in the published
 * loader, a tower that was trained with the model ({@code unfreeze_mm_vision_tower} true) is the one inside, and a frozen
 * one (false) is the one that {@code mm_vision_tower} names, if that is a folder. Where the key is absent the one inside
 * is read, with a warning if there is another. Another folder that a user names goes before a tower that was not trained.
 */
public final class VisionTowerResolver {
    private VisionTowerResolver() {}

    /**
     * The folder of the tower that a model is read with.
     *
     * @param given the folder that a user names; null for the one of the config
     * @throws BadInputException if one is given and the model was trained with the tower inside its own folder
     */
    public static Path resolve(Path model, Path given) {
        if (given == null) {
            return LlavaConfig.visionTowerPath(model);
        }
        if (LlavaConfig.isLlava(model)
                && LlavaConfig.towerTraining(model) == TowerTraining.TRAINED
                && !same(model, given)
                && (LlavaHfConfig.isIn(model) || hasInside(model))) {
            throw cannotReplace(model, given);
        }
        return given;
    }

    private static boolean hasInside(Path model) {
        if (!Files.isDirectory(model) || !TensorFolder.isIn(model)) {
            return false;
        }
        try (TensorStore store = TensorFolder.open(model)) {
            CheckpointLayout layout = CheckpointLayout.of(store.tensors().keySet());
            return store.tensors().keySet().stream()
                    .anyMatch(name -> layout.toVariable(name).startsWith(Llava.TOWER_PREFIX));
        }
    }

    /**
     * Whether the tower inside a model's folder, which is there, is the one to read.
     *
     * @param visionTower what {@link #resolve} gives
     */
    static boolean isInside(Path model, Path visionTower) {
        boolean llava = LlavaConfig.isLlava(model);
        TowerTraining training = llava ? LlavaConfig.towerTraining(model) : TowerTraining.UNKNOWN;
        if (same(model, visionTower)) {
            return true;
        }
        boolean named = llava
                && LlavaConfig.findVisionTower(model)
                        .filter(tower -> same(tower, visionTower))
                        .isPresent();
        if (training == TowerTraining.TRAINED) {
            if (!named) {
                throw cannotReplace(model, visionTower);
            }
            return true;
        }
        if (!named || (training == TowerTraining.FROZEN && Files.isDirectory(visionTower))) {
            return false;
        }
        if (Files.isDirectory(visionTower)) {
            ConfigWarnings.report(
                    model,
                    "holds a vision tower of its own, which is read, beside the one in " + visionTower
                            + " that its config.json names; set \"unfreeze_mm_vision_tower\" to true if it was trained"
                            + " with the model, to false to read the other");
        }
        return true;
    }

    private static BadInputException cannotReplace(Path model, Path given) {
        return new BadInputException(model + " was trained with the vision tower in its own folder"
                + " (unfreeze_mm_vision_tower, or the layout of transformers), so that " + given
                + " cannot take its place; leave out --vision-tower");
    }

    private static boolean same(Path one, Path other) {
        try {
            return Files.exists(one) && Files.exists(other)
                    ? Files.isSameFile(one, other)
                    : one.toAbsolutePath()
                            .normalize()
                            .equals(other.toAbsolutePath().normalize());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
