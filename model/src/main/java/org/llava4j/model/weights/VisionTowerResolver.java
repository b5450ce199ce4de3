package org.llava4j.model.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.TowerTraining;
import org.llava4j.model.config.LlavaHfConfig;
import org.llava4j.model.tensors.TensorFolder;
import org.llava4j.model.tensors.TensorStore;

/**
 * Resolver of the vision tower to load: the weights in the LLaVA folder itself, or those in a separate CLIP folder. As in the published
 * loader, a tower that was trained with the model ({@code unfreeze_mm_vision_tower} true) is the one inside, and a
 * frozen one (false) is the one that {@code mm_vision_tower} names, if that folder exists. If the key is absent, the
 * one inside is read, with a warning if there is another one. A folder given by the user overrides a tower that was not
 * trained.
 */
public final class VisionTowerResolver {
    private VisionTowerResolver() {}

    /**
     * Resolves the folder of the vision tower.
     *
     * @param given folder given by the user; null for the one that the config names
     * @throws BadInputException if one is given and the model was trained with the tower inside its own folder
     */
    public static Path resolve(Path model, @Nullable Path given) {
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
     * Whether to read the tower inside a model folder that contains one.
     *
     * @param visionTower result of {@link #resolve}
     */
    static boolean isInside(Path model, Path visionTower) {
        boolean llava = LlavaConfig.isLlava(model);
        TowerTraining training = llava ? LlavaConfig.towerTraining(model) : TowerTraining.UNKNOWN;
        if (same(model, visionTower)) {
            return true;
        }
        Path tower = llava ? LlavaConfig.findVisionTower(model) : null;
        boolean named = tower != null && same(tower, visionTower);
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
                    "contains a vision tower, which is read instead of the one in " + visionTower
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
